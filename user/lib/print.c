/* See print.h. A line is put together on the stack of the thread that prints it. */
#include "user/lib/print.h"

#include "lib/string.h"
#include "user/lib/fatal.h"
#include "user/lib/program.h"
#include "user/lib/stream.h"
#include "user/syscalls.h"

struct line {
    struct stream *stream; /* NULL: the kernel's log */
    size_t used;
    size_t name; /* bytes of the program's name at its beginning */
    char text[LOG_WRITE_BYTES_MAX];
};

/* Prepares a line. If `named`, it and the lines that follow it begin with the program's name. */
static void line_begin(struct line *line, struct stream *stream, bool named)
{
    line->stream = stream;
    line->name = 0;
    if (named) {
        line->name = format_string(line->text, sizeof(line->text), "%.*s: ", PRINT_NAME_BYTES,
                                   program_start.arguments);
    }
    line->used = line->name;
}

static void line_write(struct line *line)
{
    /* An error is ignored: nothing can be done about text that nobody takes. */
    if (line->stream == NULL) {
        ignore_result(sys_log_write(program_start.handles[PROGRAM_HANDLE_LOG],
                                    (uintptr_t)line->text, line->used));
    } else {
        line->text[line->used++] = '\n';
        ignore_result(stream_write(line->stream, line->text, line->used));
    }
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

static void lines_print(struct line *line, const char *format, va_list arguments) printf_like(2, 0);

static void lines_print(struct line *line, const char *format, va_list arguments)
{
    format_write(put, line, format, arguments);
    if (line->used > line->name) {
        line_write(line);
    }
}

void vprintf(const char *format, va_list arguments)
{
    struct line line;
    bool has_output = program_start.handles[PROGRAM_HANDLE_OUTPUT] != 0;

    line_begin(&line, has_output ? stream_output() : NULL, !has_output);
    lines_print(&line, format, arguments);
}

void printf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}

static void complain_list(const char *format, va_list arguments) printf_like(1, 0);

static void complain_list(const char *format, va_list arguments)
{
    struct line line;
    bool has_stream = program_start.handles[PROGRAM_HANDLE_COMPLAINTS] != 0;

    line_begin(&line, has_stream ? stream_complaints() : NULL, true);
    lines_print(&line, format, arguments);
}

void complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    complain_list(format, arguments);
    va_end(arguments);
}

void fatal(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    complain_list(format, arguments);
    va_end(arguments);
    program_exit(STATUS_FATAL);
}
