/*
 * Log lines, for every layer. Until kernel/hooks.c sets log_handler, lines go to the serial port by
 * polling.
 */
#pragma once

#include <stdarg.h>

#include "lib/compiler.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/*
 * Logs one line; the format has no newline. Context: ANY but the entry stacks of NMI, #MC and #DF.
 */
void log_print(enum log_level level, const char *format, ...) printf_like(2, 3);

#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

/* Hook: gets every log line. Context: that of log_print(). */
extern void (*log_handler)(enum log_level level, const char *format, va_list arguments);

/*
 * Writes text straight to the serial port by polling, without a lock. For panics, NMIs and the time
 * before the console exists. Context: ANY.
 */
void log_raw(const char *format, ...) printf_like(1, 2);

/* Writes `bytes` bytes as log_raw() does; an output function for format_write(). Context: ANY. */
void log_raw_write(void *context, const char *text, size_t bytes);

/*
 * The output that log_raw_write() uses. It is bound by the linker and not registered, because it
 * must work before anything is initialised: kernel/hooks.c defines it. Context: ANY.
 */
void log_raw_output(const char *text, size_t bytes);
