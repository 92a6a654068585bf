/*
 * Depth sections (arch/x86_64/cpu/depth_section.h): a thread that runs out of stack in a function
 * that allocates loses nothing. Each function is called with less and less stack left, by a thread
 * for each room; where that is too little the thread ends. Things that the call has put where
 * others find it is undone afterwards, and the counts after the test must be those before.
 */
#include "arch/x86_64/cpu/layout.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"
#include "mm/heap/slab.h"
#include "mm/heap/vmalloc.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_large.h"
#include "sched/stack/overflow.h"
#include "sched/stack/stack_reservation.h"
#include "sched/sync/barrier.h"
#include "sched/sync/condition.h"
#include "sched/sync/mutex.h"
#include "tests/support/large_stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define ROOM_MOST (ENTRY_AREA_BYTES * 3 / 2) /* more than any of the functions needs */
#define ROOM_STEP (ENTRY_AREA_BYTES / 64)

void soak_plunge(size_t bytes, void (*work)(void *context, uint64_t *words, size_t bytes),
                 void *context); /* soak_dive.asm */

struct trial {
    void (*call)(void);
    size_t room;
};

static void trial_call(void *context, uint64_t *words maybe_unused, size_t bytes maybe_unused)
{
    const struct trial *trial = context;
    trial->call();
}

static void trial_main(void *context)
{
    struct trial *trial = context;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t target = stack_limit(thread_current()->slot) + trial->room;
    soak_plunge(align_down(here - 128 - target, 16), trial_call, trial);
}

/* Tries `call` with each room; `undo` runs after each. Returns how many threads overflowed. */
static unsigned try_rooms(size_t stack_bytes, void (*call)(void), void (*undo)(void))
{
    unsigned overflowed = 0;
    for (size_t room = ROOM_STEP; room < ROOM_MOST; room += ROOM_STEP) {
        struct trial trial = {call, room};
        thread_stack_pin();
        int code =
            test_thread_join(start_on_stack("short of stack", stack_bytes, trial_main, &trial));
        thread_stack_unpin();
        test_check(code == 0 || code == ERROR_RANGE);
        overflowed += code == ERROR_RANGE;
        undo();
    }
    return overflowed;
}

/* Some rooms are too small, and some are not: else nothing was tried. */
static void check_rooms(size_t stack_bytes, void (*call)(void), void (*undo)(void))
{
    unsigned overflowed = try_rooms(stack_bytes, call, undo);
    test_check(overflowed > 4);
    test_check(overflowed < ROOM_MOST / ROOM_STEP - 2);
}

static void nothing(void)
{
}

static void ensure(void)
{
    ignore_result(stack_ensure(40 * 1024)); /* ends with the thread */
}

TEST(OVF0010, "a thread that overflows in stack_ensure() loses no frame", STACKS_GROW)
{
    check_rooms(256 * 1024, ensure, nothing);
}

static struct thread *made;

static void exit_at_once(void *argument maybe_unused)
{
}

static void create(void)
{
    ignore_result(thread_start("made", exit_at_once, NULL, &made)); /* made stays NULL then */
}

static void made_join(void)
{
    if (made != NULL) {
        test_equal(thread_join(made), 0);
        made = NULL;
    }
}

TEST(OVF0011, "a thread that overflows in thread_create() loses neither object nor stack",
     STACKS_GROW)
{
    check_rooms(STACK_BYTES, create, made_join);
}

static volatile bool joined;

static void join(void)
{
    struct thread *thread = made;
    thread_join(thread);
    made = NULL;
    joined = true;
}

static void make_another(void)
{
    made_join();
    create();
    test_check(made != NULL);
}

TEST(OVF0012, "a thread that overflows in thread_join() has not begun to free what it joins",
     STACKS_GROW)
{
    create();
    joined = false;
    check_rooms(STACK_BYTES, join, make_another);
    test_check(joined);
    made_join();
}

static void *block;

static void block_get(void)
{
    ignore_result(kmalloc(3 * PAGE_BYTES, &block)); /* block stays NULL then */
}

static void block_give(void)
{
    kfree(block);
    block = NULL;
}

static void block_free(void)
{
    void *one = block;
    kfree(one);
    block = NULL;
}

static void block_renew(void)
{
    block_give();
    block_get();
}

TEST(OVF0013, "a thread that overflows in kmalloc() or kfree() loses no frame", STACKS_GROW)
{
    check_rooms(STACK_BYTES, block_get, block_give);
    block_get();
    check_rooms(STACK_BYTES, block_free, block_renew);
    block_give();
}

static void *range;

static void range_get(void)
{
    ignore_result(vmalloc(3 * PAGE_BYTES, 0, "depth", &range)); /* range stays NULL then */
}

static void range_give(void)
{
    vfree(range);
    range = NULL;
}

static void range_free(void)
{
    void *one = range;
    vfree(one);
    range = NULL;
}

static void range_renew(void)
{
    range_give();
    range_get();
}

TEST(OVF0014, "a thread that overflows in vmalloc() or vfree() loses neither frame nor addresses",
     STACKS_GROW)
{
    check_rooms(STACK_BYTES, range_get, range_give);
    range_get();
    check_rooms(STACK_BYTES, range_free, range_renew);
    range_give();
}

static void visit(struct thread *thread maybe_unused, void *context maybe_unused)
{
}

static void walk(void)
{
    thread_for_each(visit, NULL);
}

/* A walk that is not ended keeps its bookmark; when all are taken the next one waits for ever. */
TEST(OVF0015, "a thread that overflows in thread_for_each() leaves no walk behind", STACKS_GROW)
{
    check_rooms(STACK_BYTES, walk, walk);
}

#define WAITERS 40 /* more than are woken with interrupts off at once */

static struct barrier barrier;

static void arrive(void *argument maybe_unused)
{
    barrier_arrive(&barrier);
}

static void release(void)
{
    barrier_release(&barrier);
}

TEST(OVF0016, "a thread that overflows in barrier_release() has woken all threads or none",
     STACKS_GROW)
{
    static struct thread *waiters[WAITERS];
    barrier_init(&barrier);
    for (unsigned i = 0; i < WAITERS; i++) {
        waiters[i] = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, arrive, NULL);
    }
    barrier_await(&barrier, WAITERS);
    check_rooms(STACK_BYTES, release, nothing);
    for (unsigned i = 0; i < WAITERS; i++) {
        test_equal(test_thread_join(waiters[i]), 0);
    }
}
