/*
 * The dispatch gate at zero memory: every frame of the machine is taken, then 200 threads go deep.
 * No stack fault may fail. Threads that no magazine covers wait, and all of them finish once a
 * fully backed thread gives memory back, with every byte of their stacks as they left it.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"
#include "tests/support/memory_exhaust.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define DEEP_THREADS     200
#define FRAMES_AT_A_TIME 64
#define GIVE_PERIOD_NS   4000000

/* A diver waits at the bottom; this leaves it room to be preempted there. */
#define DIVE_LEFT_BYTES (ENTRY_CONTINUE_BYTES + 1280)
_Static_assert(DIVE_LEFT_BYTES < PAGE_BYTES, "a dive must end in the lowest page");

/* State that the divers and the giver share. Guarded by `lock`. */
static struct {
    struct spinlock lock;
    struct wait_queue queue;
    bool go;            /* memory is gone: dive */
    bool surface;       /* all are at the bottom: come up */
    unsigned waiting;   /* threads that wait for go */
    unsigned at_bottom; /* threads that wait for surface, three pages deep */
    unsigned damaged;   /* bytes that changed */
} dive;

static struct thread *divers[DEEP_THREADS];

static void dive_wait(bool *condition, unsigned *counter)
{
    uint64_t flags = spin_lock_irq_save(&dive.lock);
    (*counter)++;
    while (!*condition) {
        if (wait_queue_sleep(&dive.queue, &dive.lock, WAIT_FOREVER) == ERROR_KILLED) {
            break;
        }
    }
    spin_unlock_irq_restore(&dive.lock, flags);
}

static void dive_signal(bool *condition)
{
    uint64_t flags = spin_lock_irq_save(&dive.lock);
    *condition = true;
    wait_queue_wake_all(&dive.queue);
    spin_unlock_irq_restore(&dive.lock, flags);
}

static unsigned dive_read(const unsigned *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

/* Goes down to the third page below the top one, with a pattern in each frame. */
static never_inline void dive_down(uintptr_t bottom, unsigned char seed)
{
    volatile unsigned char bytes[256];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(seed + i);
    }
    if ((uintptr_t)bytes > bottom + DIVE_LEFT_BYTES) {
        dive_down(bottom, (unsigned char)(seed + 1));
    } else {
        dive_wait(&dive.surface, &dive.at_bottom);
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (bytes[i] != (unsigned char)(seed + i)) {
            __atomic_add_fetch(&dive.damaged, 1, __ATOMIC_RELAXED);
        }
    }
}

static void diver(void *argument)
{
    if (stack_mode_get() != STACK_MODE_EAGER) {
        stack_trim(thread_current()->slot,
                   align_down((uintptr_t)__builtin_frame_address(0), PAGE_BYTES));
    }
    dive_wait(&dive.go, &dive.waiting);
    dive_down(stack_bottom(thread_current()->slot), (unsigned char)(uintptr_t)argument);
}

/* Fully backed: it runs whatever happens to the magazines. */
static void giver(void *argument maybe_unused)
{
    test_eventually(dive_read(&dive.waiting) >= DEEP_THREADS, "only %u of %u threads wait to dive",
                    dive_read(&dive.waiting), DEEP_THREADS);
    struct memory_exhausted taken;
    memory_exhaust(&taken);
    test_note("%lu frames taken, %lu free", taken.count, frame_free_count());

    dive_signal(&dive.go);
    test_eventually(dive_read(&dive.at_bottom) + memory_queued() >= DEEP_THREADS,
                    "%u threads are at the bottom and %u wait for memory: not all %u",
                    dive_read(&dive.at_bottom), memory_queued(), DEEP_THREADS);
    unsigned deep = dive_read(&dive.at_bottom);
    test_note("without memory: %u of %u threads reached the bottom, %u wait, reserve %u", deep,
              DEEP_THREADS, memory_queued(), stack_reserve_count());
    if (stack_mode_get() != STACK_MODE_EAGER) {
        test_check(deep < DEEP_THREADS);
        test_check(memory_queued() > 0);
        /* No stack is created before the waiting threads have their memory. */
        uint32_t slot;
        test_equal(stack_create_backed(&slot), ERROR_NO_MEMORY);
    }
    if (cpu_online_count() == 1) { /* another CPU would grant memory at the same time */
        uint64_t flags = interrupts_save();
        memory_give(&taken, 4 * DEEP_THREADS);
        uint32_t waiting = memory_queued();
        gate_grant();
        test_check(waiting - memory_queued() <= GATE_GRANTS_AT_ONCE);
        interrupts_restore(flags);
    }
    while (taken.count > 0 && dive_read(&dive.at_bottom) < DEEP_THREADS) {
        memory_give(&taken, FRAMES_AT_A_TIME);
        test_settle(GIVE_PERIOD_NS);
    }
    memory_give(&taken, SIZE_MAX);
    test_eventually(dive_read(&dive.at_bottom) == DEEP_THREADS,
                    "only %u of %u threads reached the bottom", dive_read(&dive.at_bottom),
                    DEEP_THREADS);
    test_equal(memory_queued(), 0);
    dive_signal(&dive.surface);
}

TEST(GAT0001, "at zero memory 200 threads go deep: none fails, all finish, no byte is lost", GATE)
{
    const struct thread_options options = {
        .name = "giver", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    uint64_t waits = gate_counts.waits;

    spinlock_init(&dive.lock, "dive");
    wait_queue_init(&dive.queue);
    dive.go = dive.surface = false;
    dive.waiting = dive.at_bottom = dive.damaged = 0;
    for (unsigned i = 0; i < DEEP_THREADS; i++) {
        divers[i] = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, diver, (void *)(uintptr_t)i);
    }
    test_thread_join(test_thread_create(&options, giver, NULL));
    dive_signal(&dive.go); /* the giver has done that already, if it was created */
    dive_signal(&dive.surface);
    for (unsigned i = 0; i < DEEP_THREADS; i++) {
        test_equal(test_thread_join(divers[i]), 0);
    }
    test_equal(dive.damaged, 0);
    test_note("gate: %lu waits, the longest %lu us", gate_counts.waits - waits,
              gate_counts.longest_wait_ns / 1000);
}
