/* Shootdowns: from all CPUs at once, and with shootdown interrupts that answer nothing. */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/apic/shootdown.h"
#include "arch/x86_64/apic/shootdown_test_hooks.h"
#include "arch/x86_64/apic/user_shootdown.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "sched/sync/semaphore.h"
#include "tests/space/bare_tables.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define ROUNDS_A_CPU 30

static uint32_t counter;

static void shoot_often(unsigned cpu)
{
    uint64_t end_ns = test_hammer_end();
    for (unsigned i = 0; i < ROUNDS_A_CPU && test_hammer_goes_on(end_ns); i++) {
        shootdown(stack_top(thread_current()->slot) - PAGE_BYTES, (cpu + 1) * PAGE_BYTES);
        test_count(&counter);
    }
}

TEST(SMP0120, "all CPUs shoot down at once, and every round ends", ALWAYS)
{
    uint64_t before = shootdown_count();
    counter = 0;
    test_on_each_cpu(shoot_often);
    if (cpu_online_count() > 1) {
        test_check(shootdown_count() - before >= counter);
    }
}

/*
 * A CPU that cannot answer yet, and meanwhile sends the others the shootdown interrupt, which must
 * not count as its answer. This can happen while a CPU comes online.
 */
static struct {
    bool deaf;
    bool hears;
    uint64_t rounds;
} listener;

static void be_deaf(void *argument maybe_unused)
{
    interrupts_disable();
    __atomic_store_n(&listener.deaf, true, __ATOMIC_SEQ_CST);
    while (shootdown_count() == listener.rounds) {
        cpu_pause();
    }
    for (unsigned i = 0; i < 20; i++) {
        lapic_send_all_but_self(VECTOR_SHOOTDOWN);
        for (unsigned spins = 0; spins < 2000; spins++) {
            cpu_pause();
        }
    }
    __atomic_store_n(&listener.hears, true, __ATOMIC_SEQ_CST);
    interrupts_enable();
}

TEST(SMP0121, "a shootdown waits for the CPU that has not answered, whatever interrupts arrive",
     TWO_CPUS)
{
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    for (unsigned round = 0; round < 3; round++) {
        listener.deaf = listener.hears = false;
        listener.rounds = shootdown_count();
        struct thread *thread = test_thread_start(20, test_cpu_bit(1), be_deaf, NULL);
        while (thread != NULL && !__atomic_load_n(&listener.deaf, __ATOMIC_SEQ_CST)) {
            cpu_pause(); /* where CPUs take turns in one host thread, this gives the turn away */
        }
        shootdown(stack_top(thread_current()->slot) - PAGE_BYTES, PAGE_BYTES);
        test_check(thread == NULL || __atomic_load_n(&listener.hears, __ATOMIC_SEQ_CST));
        test_thread_join(thread);
    }
    test_thread_unbind();
}

TEST(SMP0122, "a shootdown interrupt that no CPU has requested is served, and the next round ends",
     ALWAYS)
{
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    lapic_send_self(VECTOR_SHOOTDOWN);
    test_eventually(!lapic_is_requested(VECTOR_SHOOTDOWN), "the interrupt is not taken");
    test_check(!lapic_in_service(VECTOR_SHOOTDOWN));
    uint64_t rounds = shootdown_count();
    shootdown(stack_top(thread_current()->slot) - PAGE_BYTES, PAGE_BYTES);
    test_check(cpu_online_count() == 1 || shootdown_count() > rounds);
    test_thread_unbind();
}

/* A thread whose shootdown waits, and one that keeps it from running meanwhile. */
static struct semaphore start, occupy;
static bool occupied, released, waiter_done;
static void (*shoot)(void);

static void waiter_run(void *argument maybe_unused)
{
    semaphore_down(&start);
    shoot();
    __atomic_store_n(&waiter_done, true, __ATOMIC_RELEASE);
}

static void occupier_run(void *argument maybe_unused)
{
    semaphore_down(&occupy);
    __atomic_store_n(&occupied, true, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE)) {
        cpu_pause();
    }
}

/* A shootdown on CPU 1 waits for the turn; then its thread cannot run, and CPU 0 runs a round. */
static void turn_test(struct shootdown_turn *turn, void (*shoots)(void))
{
    shoot = shoots;
    semaphore_init(&start, 0);
    semaphore_init(&occupy, 0);
    occupied = released = waiter_done = false;
    test_thread_bind(0, 20);
    struct thread *occupier = test_thread_start(20, test_cpu_bit(1), occupier_run, NULL);
    struct thread *waiter =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(1), waiter_run, NULL);
    shootdown_turn_hold(turn);
    semaphore_up(&start);
    test_eventually_spinning(shootdown_requests_waiting(turn) != 0, "no shootdown waits");
    semaphore_up(&occupy);
    test_eventually_spinning(__atomic_load_n(&occupied, __ATOMIC_ACQUIRE), "CPU 1 is not occupied");
    shootdown_turn_release(turn);
    shoot();
    /* Another CPU may have asked since; that one's round takes this request, too. */
    test_eventually_spinning(shootdown_requests_waiting(turn) == 0, "the request still waits");
    test_check(!__atomic_load_n(&waiter_done, __ATOMIC_ACQUIRE));
    __atomic_store_n(&released, true, __ATOMIC_RELEASE);
    test_thread_join(waiter);
    test_thread_join(occupier);
    test_check(waiter_done);
    test_thread_unbind();
}

static void kernel_shoot(void)
{
    shootdown(stack_top(thread_current()->slot) - PAGE_BYTES, PAGE_BYTES);
}

TEST(SMP0123, "a shootdown that waits is done by the next round, though its thread cannot run",
     TWO_CPUS)
{
    turn_test(shootdown_kernel_turn(), kernel_shoot);
}

static struct user_tables user_tables;

static void user_shoot(void)
{
    user_shootdown(&user_tables, 0x40000000, PAGE_BYTES);
}

TEST(SMP0124, "so is a shootdown of one address space", TWO_CPUS)
{
    if (bare_tables_create(&user_tables)) {
        turn_test(&user_tables.turn, user_shoot);
        bare_tables_destroy(&user_tables);
    }
}
