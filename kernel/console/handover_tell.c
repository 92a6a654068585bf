/* See handover_tell.h. */
#include "kernel/console/handover_tell.h"

#include "arch/x86_64/dev/serial.h"
#include "kernel/console/console_output.h"

static void told_nothing(enum console_handover_event event maybe_unused)
{
}

void (*console_handover_told)(enum console_handover_event event) = told_nothing;

/* Called by the thread "console" only, so `told` needs no lock. */
void console_handover_tell_text(void)
{
    static uint32_t told;
    uint32_t written = __atomic_load_n(&console_handover_ring.written, __ATOMIC_RELAXED);
    if (serial_is_lent() && written != told) {
        told = written;
        console_handover_told(CONSOLE_HANDOVER_TEXT);
    }
}

void console_handover_interrupt(void)
{
    console_handover_told(CONSOLE_HANDOVER_INTERRUPT);
}
