/* The panic before a handler is registered, and the hand-over to the handler. */
#include "arch/x86_64/cpu/panic.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "lib/format.h"

void (*panic_handler)(const char *format, va_list arguments);

void panic(const char *format, ...)
{
    va_list arguments;
    interrupts_disable();
    va_start(arguments, format);
    if (panic_handler != NULL) {
        panic_handler(format, arguments);
    }
    log_raw("PANIC: ");
    format_write(log_raw_write, NULL, format, arguments);
    log_raw("\n");
    va_end(arguments);
    cpu_halt_forever();
}
