/*
 * Console objects: a program has one while it has the console's devices (console_handover.h). There
 * is at most one in use. When its last handle is closed, or the task that holds it ends, the kernel
 * has the console again.
 */
#pragma once

#include "kernel/console/console_handover.h"
#include "kernel/ipc/notification.h"

struct console_object {
    struct object object;
    struct notification *notification; /* bound; gets these bits: */
    uint64_t bits[CONSOLE_HANDOVER_CHANGE + 1];
};

/*
 * Hands the console over. The notification gets `text` when there is text to take, `interrupt`
 * when a device interrupts, and `change` when the console was paused or resumed. It gets `text` at
 * once, because text may have come before the object was known. Context: THREAD.
 * Errors: ERROR_NO_MEMORY, ERROR_EXISTS (a program has it), ERROR_NOT_FOUND (there is none).
 */
must_check int console_object_create(struct notification *notification, uint64_t text,
                                     uint64_t interrupt, uint64_t change,
                                     struct console_object **out);

/*
 * Gives the console back after an error, if no handle was opened; otherwise closing the last handle
 * gives it back. To be called before the reference of console_object_create() is released. Context:
 * THREAD.
 */
void console_object_end(struct console_object *console);

/*
 * Signals the bits of this event, if a program has the console. For kernel/hooks.c: the hook
 * console_handover_told. Context: IRQ.
 */
void console_object_tell(enum console_handover_event event);
