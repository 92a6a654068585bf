#!/usr/bin/env python3
"""Writes compile_commands.json from what `make` says it would do, for clangd and other tools that
want to know how each C file is compiled.

The program reads the commands of `make --always-make --dry-run` and keeps each command that
compiles one C file. The kernel's files come first. A file that is also compiled for the host tests
counts as the kernel's. Options that only write additional files and that other compilers lack are
left out.
"""

import argparse
import json
import os
import shlex
import sys

FURTHER_FILES = ("-MMD", "-MP", "-fcallgraph-info")
WITH_ARGUMENT = ("-MT", "-MF", "-MQ")


def command_of(line):
    """Returns the words of a command that compiles one C file, and that file, or None."""
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    files = [word for word in words[1:] if word.endswith(".c") and not word.startswith("-")]
    if len(files) != 1 or not {"-c", "-S"} & set(words) or "-o" not in words:
        return None
    kept, skip = [], False
    for word in words:
        if skip or word.startswith(FURTHER_FILES):
            skip = False
        elif word in WITH_ARGUMENT:
            skip = True
        else:
            kept.append(word)
    return kept, files[0]


def entries(lines, directory):
    """Returns one entry for each C file, in the order in which make first names them."""
    found = {}
    for line in lines:
        command = command_of(line)
        if command is not None and command[1] not in found:
            words, name = command
            found[name] = {"directory": directory, "file": name, "arguments": words,
                           "output": words[words.index("-o") + 1]}
    return list(found.values())


def main():
    """Reads the commands from standard input and writes the entries."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("output", help="the file to write")
    output = parser.parse_args().output
    made = entries(sys.stdin, os.getcwd())
    if not made:
        sys.exit("compdb: there is no compilation in what make said")
    with open(output + ".new", "w", encoding="utf-8") as file:
        json.dump(made, file, indent=1)
        file.write("\n")
    os.replace(output + ".new", output)
    print(f"{len(made)} files in {output}")


if __name__ == "__main__":
    main()
