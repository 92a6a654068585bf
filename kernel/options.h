/*
 * The options that the command line sets: words of the form name=value (option_list.h). An unknown
 * name or a bad value is reported by name and ignored, never guessed.
 */
#pragma once

#include "kernel/option_list.h"
#include "lib/compiler.h"

#define OPTION_TEXT_BYTES 256

#define OPTION_TEXT_FIELD(field, name, form, sentence) char field[OPTION_TEXT_BYTES];
#define OPTION_FIELD(type, field, ...)                 type field;
#define OPTION_FAULTS_FIELD(field, name, form, sentence)                                           \
    uint32_t field[FAULT_INJECT_KINDS]; /* 0: none */

struct options {
    OPTION_LIST(OPTION_TEXT_FIELD, OPTION_FIELD, OPTION_FIELD, OPTION_FIELD, OPTION_FAULTS_FIELD)
};

/* The values in force; the defaults until options_parse(). */
extern struct options options;

/* Sets the options that the command line names, and warns of words that it ignores. Context: boot. */
void options_parse(const char *command_line);

/*
 * Calls `line` for each option with a line of text: name, values, sentence, default. Context: ANY.
 */
void options_list(void (*line)(const char *text));
