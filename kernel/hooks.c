/* Every hook by which a lower layer calls an upper one. They are wired here and nowhere else. */
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/dev/serial.h"

/* --- Bound by the linker: these must work before anything is initialised --- */

void log_raw_output(const char *text, size_t bytes)
{
    serial_write_raw(text, bytes);
}
