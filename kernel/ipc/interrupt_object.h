/*
 * Interrupt objects: an interrupt line of a device signals a notification. The kernel masks the
 * line before it signals, and the driver unmasks it when it has served the device: so a
 * level-triggered line cannot interrupt again and again while the driver runs. An edge that comes
 * while its line is masked is lost: the driver of an edge-triggered device acknowledges first, then
 * serves it.
 */
#pragma once

#include "kernel/ipc/notification.h"

struct interrupt_object {
    struct object object;
    struct notification *notification; /* bound */
    uint64_t bits;
    unsigned line;
    uint32_t gsi;
    unsigned vector;
};

/*
 * Creates an interrupt object for an ISA line, with one reference, which is the caller's, and no
 * handle. The line is unmasked at once. When the last handle is closed, the line is masked and the
 * object has it no more. Context: THREAD. Errors: ERROR_RANGE (no such line); ERROR_EXISTS (the
 * line has an interrupt object already); ERROR_NOT_FOUND (no I/O APIC serves it); ERROR_BUSY (no
 * vector is free); ERROR_UNSUPPORTED (no CPU can be named in the I/O APIC's entry);
 * ERROR_NO_MEMORY.
 */
must_check int interrupt_object_create(unsigned line, struct notification *notification,
                                       uint64_t bits, struct interrupt_object **interrupt);

/*
 * Unmasks the line, unless the object has it no more: the driver has handled the last signal.
 * Context: THREAD.
 */
void interrupt_object_acknowledge(struct interrupt_object *interrupt);

/* Returns the interrupt object that an object of type OBJECT_INTERRUPT is. Context: ANY. */
static always_inline struct interrupt_object *interrupt_object_of(struct object *object)
{
    return container_of(object, struct interrupt_object, object);
}
