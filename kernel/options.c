/* The parser of the command line. The options, their types and limits come from option_list.h. */
#include "kernel/options.h"

#include "lib/error.h"
#include "lib/format.h"
#include "lib/number.h"
#include "lib/string.h"

#define VALUES_BYTES    40
#define NAME_AND_VALUES 25 /* columns of the list */
#define LIST_LINE_BYTES 160

enum option_kind { OPTION_TEXT, OPTION_CHOICE, OPTION_NUMBER, OPTION_OFF_OR_NUMBER, OPTION_FAULTS };

struct option {
    const char *name;
    enum option_kind kind;
    void *field;
    size_t bytes;                 /* of the field */
    uint64_t least, most, normal; /* of a choice, `least` is the value of its first word */
    const char *form;             /* what people read: the words, the unit, or the form of a text */
    const char *sentence;
};

#define DEFAULT_NONE(...)
#define DEFAULT_CHOICE(type, field, name, words, first, normal, sentence)      .field = (normal),
#define DEFAULT_NUMBER(type, field, name, least, most, normal, unit, sentence) .field = (normal),

struct options options = {
    OPTION_LIST(DEFAULT_NONE, DEFAULT_CHOICE, DEFAULT_NUMBER, DEFAULT_NONE, DEFAULT_NONE)};

#define FIELD(field) &options.field, sizeof(options.field)

#define ROW_TEXT(field, name, form, sentence)                                                      \
    {name, OPTION_TEXT, FIELD(field), 0, 0, 0, form, sentence},
#define ROW_CHOICE(type, field, name, words, first, normal, sentence)                              \
    {name, OPTION_CHOICE, FIELD(field), first, 0, normal, words, sentence},
#define ROW_NUMBER(type, field, name, least, most, normal, unit, sentence)                         \
    {name, OPTION_NUMBER, FIELD(field), least, most, normal, unit, sentence},
#define ROW_OFF_OR_NUMBER(type, field, name, least, most, unit, sentence)                          \
    {name, OPTION_OFF_OR_NUMBER, FIELD(field), least, most, 0, unit, sentence},
#define ROW_FAULTS(field, name, form, sentence)                                                    \
    {name, OPTION_FAULTS, FIELD(field), 0, 0, 0, form, sentence},

static const struct option table[] = {
    OPTION_LIST(ROW_TEXT, ROW_CHOICE, ROW_NUMBER, ROW_OFF_OR_NUMBER, ROW_FAULTS)};

/* Writes the values that an option takes, for people. */
static void values_format(const struct option *option, char text[VALUES_BYTES])
{
    const char *off = option->kind == OPTION_OFF_OR_NUMBER ? "off|" : "";
    const char *blank = option->form[0] != '\0' ? " " : "";
    if (option->kind != OPTION_NUMBER && option->kind != OPTION_OFF_OR_NUMBER) {
        format_string(text, VALUES_BYTES, "%s", option->form);
    } else if (option->most == UINT64_MAX) {
        format_string(text, VALUES_BYTES, "NUMBER%s%s", blank, option->form);
    } else if (option->most == 1) {
        format_string(text, VALUES_BYTES, "0|1");
    } else {
        format_string(text, VALUES_BYTES, "%s%lu-%lu%s%s", off, option->least, option->most, blank,
                      option->form);
    }
}

/*
 * Returns word number `index` of words that '|' separates, and stores its length; NULL if there are
 * fewer words.
 */
static const char *word_at(const char *words, uint64_t index, size_t *length)
{
    while (index-- > 0) {
        words = strchr(words, '|');
        if (words == NULL) {
            return NULL;
        }
        words++;
    }
    const char *end = strchr(words, '|');
    *length = end != NULL ? (size_t)(end - words) : strlen(words);
    return words;
}

/* Writes the default of an option, for people; nothing if it is not among the words of a choice. */
static void normal_format(const struct option *option, char text[VALUES_BYTES])
{
    size_t length = 0;
    const char *word = NULL;
    text[0] = '\0';
    switch (option->kind) {
    case OPTION_NUMBER:
        format_string(text, VALUES_BYTES, " (%lu)", option->normal);
        return;
    case OPTION_CHOICE:
        if (option->normal >= option->least) {
            word = word_at(option->form, option->normal - option->least, &length);
        }
        break;
    case OPTION_OFF_OR_NUMBER:
        word = word_at("off", 0, &length);
        break;
    default:
        word = word_at("none", 0, &length);
        break;
    }
    if (word != NULL) {
        format_string(text, VALUES_BYTES, " (%.*s)", (int)length, word);
    }
}

void options_list(void (*line)(const char *text))
{
    for (size_t i = 0; i < array_length(table); i++) {
        const struct option *option = &table[i];
        char text[LIST_LINE_BYTES], values[VALUES_BYTES], normal[VALUES_BYTES];
        values_format(option, values);
        normal_format(option, normal);
        format_string(text, sizeof(text), "  %s=%-*s %s%s", option->name,
                      (int)(NAME_AND_VALUES - 1 - strlen(option->name)), values, option->sentence,
                      normal);
        line(text);
    }
}

static must_check int choice_parse(const struct option *option, const char *value, uint64_t *out)
{
    size_t length;
    const char *word;
    for (uint64_t index = 0; (word = word_at(option->form, index, &length)) != NULL; index++) {
        if (strlen(value) == length && strncmp(value, word, length) == 0) {
            *out = option->least + index;
            return OK;
        }
    }
    return ERROR_INVALID;
}

/* Parses one "KIND:N" of fault-inject=. */
static must_check int fault_parse(uint32_t every[FAULT_INJECT_KINDS], const char *word)
{
    for (unsigned kind = 0; kind < FAULT_INJECT_KINDS; kind++) {
        const char *name = fault_inject_name(kind);
        size_t length = strlen(name);
        if (strncmp(word, name, length) == 0 && word[length] == ':') {
            uint64_t number = 0;
            int error = number_parse_range(word + length + 1, 1, UINT32_MAX, &number);
            every[kind] = (uint32_t)number;
            return error;
        }
    }
    return ERROR_INVALID;
}

static must_check int faults_parse(const struct option *option, const char *value)
{
    char words[OPTION_TEXT_BYTES];
    uint32_t every[FAULT_INJECT_KINDS] = {0};
    int error = string_copy(words, sizeof(words), value);
    char *word = words;
    while (error == OK && word != NULL) {
        char *comma = strchr(word, ',');
        if (comma != NULL) {
            *comma++ = '\0';
        }
        error = fault_parse(every, word);
        word = comma;
    }
    if (error == OK) {
        memcpy(option->field, every, option->bytes);
    }
    return error;
}

static must_check int value_parse(const struct option *option, const char *value)
{
    uint64_t number = 0;
    int error = OK;
    switch (option->kind) {
    case OPTION_TEXT:
        return string_copy(option->field, option->bytes, value);
    case OPTION_FAULTS:
        return faults_parse(option, value);
    case OPTION_CHOICE:
        error = choice_parse(option, value, &number);
        break;
    default:
        if (option->kind == OPTION_NUMBER || strcmp(value, "off") != 0) {
            error = number_parse_range(value, option->least, option->most, &number);
        }
        break;
    }
    if (error == OK) {
        memcpy(option->field, &number, option->bytes); /* little-endian: the low bytes come first */
    }
    return error;
}

static void word_parse(char *word)
{
    char *value = strchr(word, '=');
    if (value == NULL) {
        log_warn("command line: '%s' is not of the form name=value; ignored", word);
        return;
    }
    *value++ = '\0';
    for (size_t i = 0; i < array_length(table); i++) {
        if (strcmp(word, table[i].name) != 0) {
            continue;
        }
        if (value_parse(&table[i], value) != OK) {
            char values[VALUES_BYTES];
            values_format(&table[i], values);
            log_warn("command line: %s=%s is not valid, %s takes %s; ignored", word, value, word,
                     values);
        } else if (table[i].field == &options.exit && options.exit) {
            options.panic = PANIC_EXIT;
        }
        return;
    }
    log_warn("command line: there is no option '%s'; ignored (see 'help options' at the monitor)",
             word);
}

void options_parse(const char *command_line)
{
    char word[OPTION_TEXT_BYTES + 16];
    const char *at = command_line;
    for (;;) {
        while (*at == ' ' || *at == '\t') {
            at++;
        }
        if (*at == '\0') {
            return;
        }
        size_t bytes = 0;
        while (at[bytes] != '\0' && at[bytes] != ' ' && at[bytes] != '\t') {
            bytes++;
        }
        if (bytes < sizeof(word)) {
            memcpy(word, at, bytes);
            word[bytes] = '\0';
            word_parse(word);
        } else {
            log_warn("command line: a word of %lu characters is too long; ignored", bytes);
        }
        at += bytes;
    }
}
