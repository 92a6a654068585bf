/*
 * How every layer speaks: log lines, and the panic. Where the words go is registered by upper
 * layers; until then they go to the serial port by polling.
 */
#pragma once

#include <stdarg.h>

#include "lib/compiler.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* One log line, without the newline. Any context but entry stacks of NMI, #MC and #DF. */
void log_print(enum log_level level, const char *format, ...) printf_like(2, 3);

#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

/* Takes over all log lines; the console registers it once it is ready. */
void report_log_handler_set(void (*handler)(enum log_level level, const char *format,
                                            va_list arguments));

/* Takes over panics; it must not return. */
void report_panic_handler_set(void (*handler)(const char *format, va_list arguments));

/* A kernel bug: says so and stops the machine. Any context. */
noreturn_function void panic(const char *format, ...) printf_like(1, 2);

/*
 * Raw words, straight to the serial port by polling, with no lock: for panics, NMIs and the time
 * before there is a console. Any context.
 */
void report_raw(const char *format, ...) printf_like(1, 2);
void report_raw_write(void *context, const char *text, size_t bytes);

/* A condition that must hold; checked in the invariant build only, and free in the others. */
#ifdef INVARIANT
#define invariant(condition)                                                                       \
    do {                                                                                           \
        if (unlikely(!(condition))) {                                                              \
            panic("invariant broken at %s:%d: %s", __FILE__, __LINE__, #condition);                \
        }                                                                                          \
    } while (0)
#else
#define invariant(condition) ((void)sizeof(condition))
#endif
