/* See print.h. A line is put together on the stack of the thread that prints it. */
#include "user/lib/print.h"

#include "lib/string.h"
#include "user/lib/fatal.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

struct line {
    size_t used;
    size_t name; /* bytes of the program's name at its beginning */
    char text[LOG_WRITE_BYTES_MAX];
};

/* Begins each line with the program's name, so that the log tells which program wrote it. */
static void line_begin(struct line *line)
{
    const char *name = program_start.arguments;

    format_string(line->text, sizeof(line->text), "%.*s: ", PRINT_NAME_BYTES, name);
    line->name = strlen(line->text);
    line->used = line->name;
}

static void line_write(struct line *line)
{
    /* A program without a log is a quiet one. */
    ignore_result(sys_log_write(program_start.handles[PROGRAM_HANDLE_LOG], (uintptr_t)line->text,
                                line->used));
    line->used = line->name;
}

/* The format_put of vprintf(). */
static void put(void *context, const char *text, size_t bytes)
{
    struct line *line = context;

    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n' || line->used == line->name + PRINT_LINE_BYTES) {
            line_write(line);
        }
        if (text[i] != '\n') {
            line->text[line->used++] = text[i];
        }
    }
}

void vprintf(const char *format, va_list arguments)
{
    struct line line;

    line_begin(&line);
    format_write(put, &line, format, arguments);
    if (line.used > line.name) {
        line_write(&line);
    }
}

void printf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}

void fatal(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    program_exit(STATUS_FATAL);
}
