/*
 * Log lines and panics before anything is registered: by polling, on the serial port. Later only
 * the hand-over to the registered handlers.
 */
#include "arch/x86_64/report.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/serial.h"
#include "lib/format.h"

static void (*log_handler)(enum log_level, const char *, va_list);
static void (*panic_handler)(const char *, va_list);

void report_log_handler_set(void (*handler)(enum log_level, const char *, va_list))
{
    log_handler = handler;
}

void report_panic_handler_set(void (*handler)(const char *, va_list))
{
    panic_handler = handler;
}

void report_raw_write(void *context maybe_unused, const char *text, size_t bytes)
{
    serial_write_raw(text, bytes);
}

void report_raw(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_write(report_raw_write, NULL, format, arguments);
    va_end(arguments);
}

void log_print(enum log_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (log_handler != NULL) {
        log_handler(level, format, arguments);
    } else if (level <= LOG_INFO) {
        report_raw("[   0.000000] ");
        format_write(report_raw_write, NULL, format, arguments);
        report_raw("\n");
    }
    va_end(arguments);
}

void panic(const char *format, ...)
{
    va_list arguments;
    interrupts_disable();
    va_start(arguments, format);
    if (panic_handler != NULL) {
        panic_handler(format, arguments);
    }
    report_raw("PANIC: ");
    format_write(report_raw_write, NULL, format, arguments);
    report_raw("\n");
    va_end(arguments);
    cpu_halt_forever();
}
