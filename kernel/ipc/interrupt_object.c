/* See interrupt_object.h. Lock order: interrupt objects, notification, timeouts, run queue. */
#include "kernel/ipc/interrupt_object.h"

#include "arch/x86_64/apic/ioapic.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/interrupt.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"
#include "sched/sync/mutex.h"

#define LINES   16
#define VECTORS 256

/*
 * The interrupt handler finds the object here, and uses it under the lock. So once an entry has
 * been cleared, no handler uses that object any more.
 */
static struct spinlock lock = SPINLOCK("interrupt objects");
static struct interrupt_object *by_vector[VECTORS];
static struct interrupt_object *by_line[LINES];

/* Held while a vector is found and registered, or given back. */
static struct mutex creation = MUTEX(creation, "interrupt objects");

/*
 * Handles an interrupt of any such line. The line is masked before the driver is woken, and before
 * the end of interrupt is written.
 */
static void handle(struct trap_frame *frame)
{
    spin_lock_by(OFF_ALREADY, &lock);
    struct interrupt_object *interrupt = by_vector[frame->vector];
    if (likely(interrupt != NULL)) {
        ioapic_mask(interrupt->gsi);
        notification_signal(interrupt->notification, interrupt->bits);
    }
    spin_unlock_quietly(&lock);
}

void interrupt_object_acknowledge(struct interrupt_object *interrupt)
{
    uint64_t flags = spin_lock_irq_save(&lock);
    if (by_vector[interrupt->vector] == interrupt) {
        ioapic_unmask(interrupt->gsi);
    }
    spin_unlock_irq_restore(&lock, flags);
}

/* Masks the line, and gives back the line and its vector. */
static void stop(struct interrupt_object *interrupt)
{
    mutex_lock(&creation);
    if (by_line[interrupt->line] == interrupt) {
        uint64_t flags = spin_lock_irq_save(&lock);
        by_vector[interrupt->vector] = NULL;
        by_line[interrupt->line] = NULL;
        ioapic_mask(interrupt->gsi);
        spin_unlock_irq_restore(&lock, flags);
        interrupt_unregister(interrupt->vector);
    }
    mutex_unlock(&creation);
}

static void interrupt_closed(struct object *object, unsigned rights maybe_unused, bool last)
{
    if (last) {
        stop(interrupt_object_of(object));
    }
}

static void interrupt_destroy(struct object *object)
{
    struct interrupt_object *interrupt = interrupt_object_of(object);
    stop(interrupt); /* if no handle was ever opened */
    notification_unbind(interrupt->notification);
    kfree(interrupt);
}

static const struct object_operations interrupt_operations = {.closed = interrupt_closed,
                                                              .destroy = interrupt_destroy};

/* Finds a vector and opens the line. `creation` is held. */
static int start(struct interrupt_object *interrupt)
{
    if (by_line[interrupt->line] != NULL) {
        return ERROR_EXISTS;
    }
    int error = interrupt_vector_allocate(&interrupt->vector);
    if (error != OK) {
        return error;
    }
    error = interrupt_register(interrupt->vector, handle, "user interrupt");
    if (error != OK) {
        return error;
    }
    /*
     * The line may interrupt as soon as it is routed, before `gsi` and `by_vector` are set: the
     * handler waits for the lock.
     */
    uint64_t flags = spin_lock_irq_save(&lock);
    error = ioapic_route_isa(interrupt->line, interrupt->vector, 0, &interrupt->gsi);
    if (error == OK) {
        by_vector[interrupt->vector] = interrupt;
        by_line[interrupt->line] = interrupt;
    }
    spin_unlock_irq_restore(&lock, flags);
    if (error != OK) {
        interrupt_unregister(interrupt->vector);
    }
    return error;
}

int interrupt_object_create(unsigned line, struct notification *notification, uint64_t bits,
                            struct interrupt_object **out)
{
    void *memory;
    if (line >= LINES) {
        return ERROR_RANGE;
    }
    int error = kzalloc(sizeof(struct interrupt_object), &memory);
    if (error != OK) {
        return error;
    }
    struct interrupt_object *interrupt = memory;
    object_init(&interrupt->object, OBJECT_INTERRUPT, &interrupt_operations);
    interrupt->notification = notification;
    interrupt->bits = bits;
    interrupt->line = line;
    notification_bind(notification); /* before the line can interrupt */
    mutex_lock(&creation);
    error = start(interrupt);
    mutex_unlock(&creation);
    if (error != OK) {
        notification_unbind(notification);
        kfree(interrupt);
        return error;
    }
    *out = interrupt;
    return OK;
}
