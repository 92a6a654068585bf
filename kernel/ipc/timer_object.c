/* See timer_object.h. Lock order: timer objects, notification, timeouts, run queue. */
#include "kernel/ipc/timer_object.h"

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"
#include "sched/core/schedule.h"

/*
 * The most timers that signal in one tick. Interrupts are off, and each timer takes about 500
 * instructions.
 */
#define TIMERS_AT_ONCE 16

static struct spinlock timers_lock = SPINLOCK("timer objects"); /* guards the trees of all CPUs */
static PER_CPU(struct tree, timer_tree);                        /* key: time in nanoseconds */

/* Takes a timer out of its tree; returns whether it was in one. The lock is held. */
static bool take_out(struct timer_object *timer)
{
    bool was_set = tree_node_linked(&timer->node);
    if (was_set) {
        tree_remove(&cpu_variable(timer_tree, timer->cpu), &timer->node);
    }
    return was_set;
}

bool timer_object_cancel(struct timer_object *timer)
{
    uint64_t flags = spin_lock_irq_save(&timers_lock);
    bool was_set = take_out(timer);
    spin_unlock_irq_restore(&timers_lock, flags);
    return was_set;
}

void timer_object_set(struct timer_object *timer, uint64_t at_ns)
{
    uint64_t flags = spin_lock_irq_save(&timers_lock);
    take_out(timer);
    timer->cpu = (uint8_t)cpu_number();
    tree_insert(this_cpu_pointer(timer_tree), &timer->node, at_ns);
    spin_unlock_irq_restore(&timers_lock, flags);
}

/* Signals for timers whose time has come. Context: IRQ, interrupts off. */
static never_inline void expire(struct tree *own)
{
    struct tree_node *first;
    uint64_t now_ns = clock_now_ns();
    spin_lock_by(OFF_ALREADY, &timers_lock);
    for (unsigned i = 0;
         i < TIMERS_AT_ONCE && (first = tree_first(own)) != NULL && first->key <= now_ns; i++) {
        struct timer_object *timer = tree_entry(first, struct timer_object, node);
        take_out(timer);
        notification_signal(timer->notification, timer->bits);
    }
    spin_unlock_quietly(&timers_lock);
}

void timer_object_tick(void)
{
    struct tree *own = this_cpu_pointer(timer_tree);
    if (unlikely(!tree_empty(own))) {
        expire(own);
    }
    schedule_tick();
}

static void timer_closed(struct object *object, unsigned rights maybe_unused, bool last)
{
    if (last) {
        timer_object_cancel(timer_object_of(object));
    }
}

static void timer_destroy(struct object *object)
{
    struct timer_object *timer = timer_object_of(object);
    timer_object_cancel(timer);
    notification_unbind(timer->notification);
    kfree(timer);
}

static const struct object_operations timer_operations = {.closed = timer_closed,
                                                          .destroy = timer_destroy};

int timer_object_create(struct notification *notification, uint64_t bits,
                        struct timer_object **timer)
{
    void *memory;
    int error = kzalloc(sizeof(struct timer_object), &memory);
    if (error != OK) {
        return error;
    }
    *timer = memory;
    object_init(&(*timer)->object, OBJECT_TIMER, &timer_operations);
    tree_node_init(&(*timer)->node);
    (*timer)->notification = notification;
    (*timer)->bits = bits;
    notification_bind(notification);
    return OK;
}
