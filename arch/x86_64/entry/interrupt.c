/* The table of interrupt handlers and its counters. A lock serialises changes; reads need none. */
#include "arch/x86_64/entry/interrupt.h"

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"

static interrupt_handler handlers[VECTOR_COUNT];
static const char *names[VECTOR_COUNT];
static struct spinlock handlers_lock = SPINLOCK("interrupt handlers");
static PER_CPU(uint32_t[VECTOR_COUNT], interrupt_counts);

static void interrupt_end_nothing(void)
{
}

void (*interrupt_end)(void) = interrupt_end_nothing;

int interrupt_register(unsigned vector, interrupt_handler handler, const char *name)
{
    if (vector < VECTOR_DEVICES || vector >= VECTOR_COUNT || handler == NULL) {
        return ERROR_RANGE;
    }
    uint64_t flags = spin_lock_irq_save(&handlers_lock);
    int error = handlers[vector] != NULL ? ERROR_EXISTS : OK;
    if (error == OK) {
        names[vector] = name;
        __atomic_store_n(&handlers[vector], handler, __ATOMIC_RELEASE);
    }
    spin_unlock_irq_restore(&handlers_lock, flags);
    return error;
}

void interrupt_register_own(unsigned vector, interrupt_handler handler, const char *name)
{
    int error = interrupt_register(vector, handler, name);
    if (error != OK) {
        const char *owner = interrupt_name(vector);
        panic(
            "vector 0x%x for '%s' is refused (%s): '%s' has it; look for a number that stands twice"
            " in vectors.h",
            vector, name, error_name(error), owner != NULL ? owner : "nobody");
    }
}

void interrupt_unregister(unsigned vector)
{
    uint64_t flags = spin_lock_irq_save(&handlers_lock);
    __atomic_store_n(&handlers[vector], NULL, __ATOMIC_RELEASE);
    names[vector] = NULL;
    spin_unlock_irq_restore(&handlers_lock, flags);
}

int interrupt_vector_allocate(unsigned *vector)
{
    for (unsigned candidate = VECTOR_DEVICES; candidate < VECTOR_TIMER; candidate++) {
        if (handlers[candidate] == NULL) {
            *vector = candidate;
            return OK;
        }
    }
    return ERROR_BUSY;
}

uint64_t interrupt_count(unsigned vector, unsigned cpu)
{
    return cpu_variable(interrupt_counts, cpu)[vector];
}

const char *interrupt_name(unsigned vector)
{
    return names[vector];
}

void interrupt_dispatch(struct trap_frame *frame)
{
    unsigned vector = frame->vector;
    interrupt_handler handler = __atomic_load_n(&handlers[vector], __ATOMIC_ACQUIRE);

    (*this_cpu_pointer(interrupt_counts))[vector]++;
    off_time_interrupts_place((uintptr_t)handler);
    if (handler != NULL) {
        handler(frame);
    }
    /* A spurious interrupt sets no in-service bit, so an end would be another's (SDM 11.9). */
    if (vector != VECTOR_SPURIOUS) {
        interrupt_end();
    }
}
