"""Work in short slices, and turns for each job (I11)."""

from runner.mutant import Mutant

CONSOLE = "kernel/console/console.c"
CONSOLE_OUTPUT = "kernel/console/console_output.c"
CONSOLE_SERVICE = "kernel/console/console_service.c"
DIRECT = "sched/core/direct_switch.h"
DONATION = "kernel/ipc/donation.c"
MUTEX_DONATION = "sched/sync/mutex_donation.c"
RECLAIMER = "sched/stack/reclaimer.c"
SERVICE_SHARE = "sched/stack/service_share.c"
SWAPPER_PASS = "sched/stack/swapper_pass.c"
SHOOTDOWN_TURN = "arch/x86_64/cpu/shootdown_turn.c"
WAIT_QUEUE = "sched/core/wait_queue.c"

MUTANTS = (
    # A thread that others wait for inherits their priority.
    Mutant("mutex-holder-inherits-nothing", "I11", "PRI0001", "in vain|bounded does not hold",
           edits=((MUTEX_DONATION, "    walk(self, self->priority);", "    walk(self, 0);"),)),
    Mutant("server-forgets-the-queue", "I11", "PRI0011", "no answer while a thread spins",
           edits=((DONATION, "serves ? priority_queue_highest",
                   "serves && server == NULL ? priority_queue_highest"),)),
    Mutant("direct-switch-past-a-more-urgent-thread", "I11", "THR0025", "THREAD_PRIORITY_DEFAULT. is 0",
           edits=((DIRECT, "unlikely(queue->ready_bits >> priority > 1)", "queue == NULL || priority > 31"),)),
    # Text that cannot wait for the serial line is left to a thread.
    Mutant("console-waits-with-interrupts-off", "I11", "CON0030", "pending",
           edits=((CONSOLE_OUTPUT, "!__atomic_load_n(&threaded, __ATOMIC_RELAXED) ||", "true ||"),)),
    Mutant("console-thread-not-woken", "I11", "CON0030", "still not shown",
           edits=((CONSOLE_SERVICE, "    wait_queue_wake_one(&service_queue);\n", ""),)),
    Mutant("wake-all-waits-for-its-last-thread", "I11", "SYN0023", "endless", edits=((WAIT_QUEUE,
        "woken <= most && (first", "most != 0 && (first"),)),
    # Each job of the reclaimer has its turn, and does one batch in it.
    Mutant("job-keeps-the-reclaimer", "I11", "RCL0002", "has no turn while job", edits=((RECLAIMER,
        "more |= __atomic_load_n(&held, __ATOMIC_RELAXED) == i ? held_turn() : jobs[i].turn();", """\
while (__atomic_load_n(&held, __ATOMIC_RELAXED) == i) {
            ignore_result(held_turn());
            ignore_result(thread_sleep_ns(1));
        }
        more |= jobs[i].turn();"""),)),
    Mutant("reclaimer-frees-all-in-one-turn", "I11", "RCL0003", "in_one_turn is",
           edits=((RECLAIMER, "stack_reclaim_batch()", "stack_reclaim()"),)),
    Mutant("reclaimer-lends-to-the-end", "I11", "RCL0004", "in_one_turn is", cpus=2,
           modes=("lend-amd",), edits=((RECLAIMER, "    frames_note(lend_batch_run());", """\
    do {
        frames_note(lend_batch_run());
    } while (lend_batch_is_under_way());"""),)),
    Mutant("swapper-takes-a-whole-walk", "I11", "SWP0031", "at_once", edits=((SWAPPER_PASS,
        " && pass->claims - pass->walked < SWAPPER_TAKES_AT_ONCE;", ";"),)),
    # On one CPU the test would not get a turn any more.
    Mutant("services-do-not-rest", "I11", "RCL0005", "worked <= rested", cpus=2,
           edits=((SERVICE_SHARE,
        "ignore_result(thread_sleep_ns(shares[service].debt_ns));", "thread_yield();"),)),
    # A CPU that waits for the turn of shootdowns waits for one round more at most.
    Mutant("shootdown-serves-its-own-range-only", "I11", "SMP0123", "requests_waiting", cpus=2,
           edits=((SHOOTDOWN_TURN, """\
    if (unlikely(shootdown_requests_waiting(turn) != 0)) {
        requests_take(turn);
    }
""", ""),)),
    Mutant("lost-text-not-told", "I11", "CON0032", "notice < after|lost is",
           edits=((CONSOLE, """\
    uint64_t flags = spin_lock_irq_save(&ring_lock);
    output_ring_tell_lost(&console_ring);
    if""", """\
    uint64_t flags = spin_lock_irq_save(&ring_lock);
    if"""), (CONSOLE, "    lost_tell();\n", "    (void)lost_tell;\n"))),
)
