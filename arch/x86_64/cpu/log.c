/* Log lines until a handler is registered, and raw output for panics and NMIs. */
#include "arch/x86_64/cpu/log.h"

#include "lib/format.h"

void (*log_handler)(enum log_level level, const char *format, va_list arguments);

void log_raw_write(void *context maybe_unused, const char *text, size_t bytes)
{
    log_raw_output(text, bytes);
}

void log_raw(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_write(log_raw_write, NULL, format, arguments);
    va_end(arguments);
}

void log_print(enum log_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (log_handler != NULL) {
        log_handler(level, format, arguments);
    } else if (level <= LOG_INFO) {
        log_raw("[   0.000000] ");
        format_write(log_raw_write, NULL, format, arguments);
        log_raw("\n");
    }
    va_end(arguments);
}
