#!/usr/bin/env python3
"""Writes docs/options.md from the kernel's list of options, kernel/option_list.h.

The program compiles the list for this machine, like the host unit tests, and runs it to print the
table. Limits and defaults are therefore the values that the compiler computes. Run without
arguments, it writes the page. tools/check/check_options.py compares the text. Exit status 77 means
that there is no compiler.
"""

import os
import subprocess
import sys
import tempfile

PAGE = "docs/options.md"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEAD = """# Options of the command line

The kernel takes words of the form `name=value`, from the boot loader's command line or from
`CMDLINE="..."` of make. A word that is unknown, or whose value is not one of those below, is reported
by name and ignored. At the monitor `help options` prints the same list.

This page is made from `kernel/option_list.h` by `make options-page`.

| option | values | default | what it does |
|---|---|---|---|
"""
PROGRAM = r"""
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "kernel/option_list.h"

static void row(const char *name, const char *values, const char *normal, const char *sentence)
{
    printf("| `%s=` | ", name);
    for (const char *at = values; *at != '\0'; at++) {
        if (*at == '|') {
            printf(", ");
        } else {
            putchar(*at);
        }
    }
    printf(" | %s | %s |\n", normal, sentence);
}

static void choice_row(const char *name, const char *words, uint64_t first, uint64_t normal,
                       const char *sentence)
{
    char text[200];
    strcpy(text, words);
    char *word = strtok(text, "|");
    for (uint64_t value = first; word != NULL && value != normal; value++) {
        word = strtok(NULL, "|");
    }
    row(name, words, normal >= first && word != NULL ? word : "see there", sentence);
}

static void number_row(const char *off, const char *name, uint64_t least, uint64_t most,
                       uint64_t normal, const char *unit, const char *sentence)
{
    char values[100], text[50];
    if (most == UINT64_MAX) {
        sprintf(values, "a number");
    } else if (most == 1) {
        sprintf(values, "0|1");
    } else {
        sprintf(values, "%s%" PRIu64 " to %" PRIu64 "%s%s", off[0] != '\0' ? "off|" : "", least, most,
                unit[0] != '\0' ? " " : "", unit);
    }
    sprintf(text, "%" PRIu64, normal);
    row(name, values, off[0] != '\0' ? off : text, sentence);
}

#define TEXT(field, name, form, sentence) row(name, form, "none", sentence);
#define CHOICE(type, field, name, words, first, normal, sentence)                                  \
    choice_row(name, words, first, normal, sentence);
#define NUMBER(type, field, name, least, most, normal, unit, sentence)                             \
    number_row("", name, least, most, normal, unit, sentence);
#define OFF_OR_NUMBER(type, field, name, least, most, unit, sentence)                              \
    number_row("off", name, least, most, 0, unit, sentence);

int main(void)
{
    OPTION_LIST(TEXT, CHOICE, NUMBER, OFF_OR_NUMBER, TEXT)
    return 0;
}
"""


def page(root):
    """Returns the text that the page should have, or None if there is no compiler."""
    with tempfile.TemporaryDirectory() as directory:
        source, program = os.path.join(directory, "page.c"), os.path.join(directory, "page")
        with open(source, "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        compiler = os.environ.get("HOST_CC", "gcc")
        try:
            subprocess.run([compiler, "-std=gnu11", "-w", "-DHOST_TEST_BUILD", "-iquote",
                            os.path.join(root, "tests", "host", "fake"), "-iquote", root, "-o",
                            program, source], check=True, stdin=subprocess.DEVNULL)
        except FileNotFoundError:
            return None
        rows = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
    return HEAD + rows


def main():
    """Writes the page."""
    text = page(ROOT)
    if text is None:
        print("options_page.py: no host compiler (gcc; HOST_CC= names another)")
        sys.exit(77)
    with open(os.path.join(ROOT, PAGE), "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
