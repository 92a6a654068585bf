/* See console_handover.h. */
#include "kernel/console/console_handover.h"

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/dev/keyboard.h"
#include "arch/x86_64/dev/serial.h"
#include "kernel/console/console.h"
#include "kernel/console/console_devices.h"
#include "kernel/console/console_output.h"
#include "lib/error.h"
#include "sched/sync/mutex.h"

enum handover { KERNEL, LENT, PAUSED };

static struct mutex changes = MUTEX(changes, "console handover"); /* guards the rest */
static enum handover state;
static uint64_t count;

int console_handover_begin(void)
{
    if (!serial_present() && console_display()->kind == FRAMEBUFFER_NONE) {
        return ERROR_NOT_FOUND;
    }
    console_flush(); /* the kernel still shows the text that came before */
    mutex_lock(&changes);
    int error = state == KERNEL ? OK : ERROR_EXISTS;
    if (error == OK) {
        state = LENT;
        __atomic_store_n(&count, count + 1, __ATOMIC_RELAXED);
        console_output_lend(true);
    }
    mutex_unlock(&changes);
    return error;
}

/*
 * Takes the port back if it is lent, and goes to state `next` unless the kernel has the port for
 * good. Returns the state before.
 */
static enum handover take_back(enum handover next)
{
    mutex_lock(&changes);
    enum handover was = state;
    if (was == LENT) {
        console_output_lend(false);
        keyboard_drain();
    }
    state = was != KERNEL ? next : KERNEL;
    mutex_unlock(&changes);
    return was;
}

void console_handover_end(void)
{
    if (take_back(KERNEL) != KERNEL) {
        log_warn(
            "console: the program that had it has given it up or has ended; the kernel writes to "
            "it again");
    }
}

void console_handover_pause(void)
{
    if (take_back(PAUSED) == LENT) {
        console_handover_told(CONSOLE_HANDOVER_CHANGE);
        log_info("console: the monitor has it; 'resume' gives it back");
    }
}

bool console_handover_resume(void)
{
    console_flush();
    mutex_lock(&changes);
    bool paused = state == PAUSED;
    if (paused) {
        state = LENT;
        console_output_lend(true);
    }
    mutex_unlock(&changes);
    if (paused) {
        console_handover_told(CONSOLE_HANDOVER_CHANGE);
    }
    return paused;
}

bool console_handover_is_paused(void)
{
    mutex_lock(&changes);
    bool paused = state == PAUSED;
    mutex_unlock(&changes);
    return paused;
}

int64_t console_handover_peek(char *to, size_t bytes, uint32_t *place)
{
    mutex_lock(&changes);
    int64_t result = ERROR_AGAIN;
    if (state == LENT) {
        result = (int64_t)handover_ring_peek(&console_handover_ring, to, bytes, place);
    }
    mutex_unlock(&changes);
    return result;
}

/* While the kernel has the port it takes text out under a lock of its own. */
bool console_handover_drop(uint32_t place, size_t bytes)
{
    mutex_lock(&changes);
    bool dropped = state == LENT && handover_ring_drop(&console_handover_ring, place, bytes);
    mutex_unlock(&changes);
    return dropped;
}

uint64_t console_handover_count(void)
{
    return __atomic_load_n(&count, __ATOMIC_RELAXED);
}
