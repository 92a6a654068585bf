/*
 * See console_service.h. Code may log a line with any lock held, so the line cannot wake a thread
 * itself. Instead this CPU sends itself an interrupt, whose handler wakes the thread. Interrupts
 * were on then, so the interrupted code holds no lock that a wake-up takes.
 */
#include "kernel/console/console_service.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/dev/serial.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "kernel/console/console_output.h"
#include "kernel/console/handover_tell.h"
#include "lib/error.h"
#include "sched/core/thread.h"
#include "sched/stack/service_share.h"

/*
 * At 115200 baud the serial line sends 23 bytes in this time, so its FIFO of 16 bytes is empty
 * afterwards.
 */
#define BUSY_NS 2000000

static struct spinlock service_lock = SPINLOCK("console service");
static struct wait_queue service_queue = {LIST_INITIALIZER(service_queue.waiters)};

/* This CPU has sent itself the interrupt and has not handled it yet. */
static PER_CPU(bool, console_wake_is_due);

static void wake_interrupt(struct trap_frame *frame maybe_unused)
{
    this_cpu(console_wake_is_due) = false;
    uint64_t flags = spin_lock_irq_save(&service_lock);
    wait_queue_wake_one(&service_queue);
    spin_unlock_irq_restore(&service_lock, flags);
}

void console_service_wake(void)
{
    uint64_t flags = interrupts_save();
    if (!this_cpu(console_wake_is_due)) {
        this_cpu(console_wake_is_due) = true;
        lapic_send_self(VECTOR_CONSOLE);
    }
    interrupts_restore(flags);
}

static void service_run(void *argument maybe_unused)
{
    for (;;) {
        uint64_t flags = spin_lock_irq_save(&service_lock);
        while (!console_output_waits()) {
            /* However the wait ended, the loop looks again. */
            ignore_result(wait_queue_sleep(&service_queue, &service_lock, WAIT_FOREVER));
        }
        spin_unlock_irq_restore(&service_lock, flags);
        if (serial_present() && !serial_is_lent() && serial_room() == 0) {
            ignore_result(thread_sleep_ns(BUSY_NS));
        }
        service_slice_begin(SERVICE_CONSOLE);
        console_output_piece();
        console_handover_tell_text();
        service_slice_end(SERVICE_CONSOLE);
        service_rest(SERVICE_CONSOLE);
    }
}

int console_service_start(void)
{
    const struct thread_options options = {
        .name = "console",
        .priority = THREAD_PRIORITY_SYSTEM,
        .backed = true,
        .may_not_die = true,
    };
    int error = interrupt_register(VECTOR_CONSOLE, wake_interrupt, "console");
    if (error == OK) {
        error = thread_create(&options, service_run, NULL, NULL);
    }
    if (error == OK) {
        console_output_thread_set();
    }
    return error;
}
