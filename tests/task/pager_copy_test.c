/*
 * User copy that waits for a pager: the fault of the copy moves to the thread's stack, the thread
 * asks the pager there and sleeps, and the stack grows meanwhile.
 */
#include "arch/x86_64/entry/user_copy.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/options.h"
#include "lib/error.h"
#include "lib/fault_message.h"
#include "mm/frame/fault_inject.h"
#include "mm/stack/stack_mode.h"
#include "mm/stack/stack_pages.h"
#include "tests/support/threads.h"
#include "tests/task/pager_fixture.h"
#include "tests/test.h"

#define RW    (RIGHT_READ | RIGHT_WRITE)
#define VALUE 0x0123456789abcdefUL

/* The copy that a thread makes, and what came of it. */
static struct {
    unsigned page; /* of the region */
    uint32_t before, after;
    int error;
    bool failed; /* a pager is to blame */
    uint32_t done;
} copy;

static void copy_make(void)
{
    uint32_t slot = thread_current()->slot;
    uint64_t value = VALUE + copy.page;
    copy.before = stack_pages_backed(slot);
    copy.error = user_copy_out(PAGER_PLACE + copy.page * PAGE_BYTES + 8, &value, sizeof(value));
    copy.after = stack_pages_backed(slot);
    copy.failed = thread_user()->pager_failed;
    test_count(&copy.done);
}

static struct user_thread *copy_start(unsigned region_page, unsigned stack_page, unsigned depth,
                                      uint64_t affinity)
{
    copy.page = region_page;
    copy.error = 1;
    copy.done = 0;
    return pager_fixture_start_kernel(copy_make, stack_page, depth, affinity);
}

static size_t offset_of(unsigned page)
{
    return PAGER_OBJECT_OFFSET + page * PAGE_BYTES;
}

TEST(PGR0010, "a copy asks a pager and sleeps with the stack at each page edge, at each depth",
     ALWAYS)
{
    unsigned grown = 0, made = 0;
    if (!pager_fixture_begin(1, WAIT_FOREVER)) {
        return;
    }
    for (unsigned edge = 1; edge <= 2; edge++) {
        for (unsigned depth = 32; depth < 1600; depth += 16, made++) {
            struct user_thread *user = copy_start(made, edge, depth, 0);
            if (user == NULL) {
                break;
            }
            const struct message *message = pager_fixture_receive();
            test_equal(message->words[PAGER_OFFSET], offset_of(made));
            test_equal(message->words[PAGER_ACCESS], RIGHT_WRITE);
            pager_fixture_supply(offset_of(made), RW);
            test_equal(pager_fixture_status(user), 0);
            test_equal(copy.error, OK);
            test_equal(*pager_fixture_word(offset_of(made) + 8), VALUE + made);
            grown += copy.after > copy.before;
        }
    }
    test_note("%u of %u stacks grew while a pager was asked", grown, made);
    test_check(grown > 20 || stack_mode_get() != STACK_MODE_FAULT);
    pager_fixture_end();
}

TEST(PGR0011,
     "a thread that is killed while a pager is asked ends its copy with an error, and itself",
     ALWAYS)
{
    if (!pager_fixture_begin(1, WAIT_FOREVER)) {
        return;
    }
    for (unsigned depth = 64; depth < 1600; depth += 128) {
        struct user_thread *user = copy_start(0, 1, depth, 0);
        if (user == NULL) {
            break;
        }
        (void)pager_fixture_receive();
        user_thread_kill(user);
        (void)pager_fixture_status(user);
        test_equal(copy.error, ERROR_FAULT);
        test_check(!copy.failed);
        pager_fixture.pager.message.words[PAGER_ANSWER] = PAGER_SUPPLY;
        test_equal(ipc_reply(&pager_fixture.pager), ERROR_PEER_DIED);
    }
    pager_fixture_end();
}

TEST(PGR0012,
     "memory that another CPU unmaps while a pager is asked is refused, and no page is entered",
     ALWAYS)
{
    struct address_space *space;
    if (!pager_fixture_begin(1, WAIT_FOREVER)) {
        return;
    }
    space = &pager_fixture.task->space;
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    for (unsigned i = 0; i < 8; i++) {
        uintptr_t address = PAGER_PLACE + i * PAGE_BYTES;
        struct user_thread *user = copy_start(i, 1, 64 + i * 100, test_cpu_bit(1));
        if (user == NULL) {
            break;
        }
        (void)pager_fixture_receive();
        test_equal(task_change_begin(pager_fixture.task), OK);
        test_equal(address_space_unmap(space, address, PAGE_BYTES), OK);
        bool anew = i % 2 != 0; /* something else is mapped there, without a pager */
        if (anew) {
            test_equal(address_space_map(space, address, PAGE_BYTES, SPACE_READ | SPACE_WRITE,
                                         pager_fixture.object, 0),
                       OK);
        }
        task_change_end(pager_fixture.task);
        pager_fixture_supply(offset_of(i), RW);
        test_equal(pager_fixture_status(user), 0);
        test_equal(copy.error, anew ? OK : ERROR_FAULT);
        test_check(!copy.failed);
        test_equal(*pager_fixture_word(offset_of(i) + 8), 0);
        if (anew) {
            test_equal(*pager_fixture_word(8), VALUE + i);
        }
    }
    test_thread_unbind();
    pager_fixture_end();
}

static void inject_end(enum fault_inject_kind kind)
{
    fault_inject_arm(kind, options.inject_every[kind], options.seed);
}

/* A copy that is refused tries once more, byte by byte: then the pager is asked again. */
static void again_supply(unsigned page)
{
    while (test_counted(&copy.done) == 0) {
        int error =
            ipc_receive(&pager_fixture.pager, pager_fixture.endpoint, clock_now_ns() + 2000000);
        if (error == OK) {
            pager_fixture_supply(offset_of(page), RW);
        }
    }
}

TEST(PGR0013, "a copy that asks a pager while memory is short succeeds later, and loses nothing",
     ALWAYS)
{
    unsigned strikes = 0;
    if (!pager_fixture_begin(1, WAIT_FOREVER)) {
        return;
    }
    for (unsigned step = 1; step <= 20; step++) {
        struct user_thread *user = copy_start(step, 1, 64 + step * 30, 0);
        if (user == NULL) {
            break;
        }
        (void)pager_fixture_receive();
        fault_inject_arm(FAULT_INJECT_REFILL, 2, step);
        fault_inject_arm(FAULT_INJECT_ALLOCATE, step, 0);
        pager_fixture_supply(offset_of(step), RW);
        again_supply(step);
        test_equal(pager_fixture_status(user), 0);
        strikes += fault_inject_count(FAULT_INJECT_ALLOCATE) != 0;
        inject_end(FAULT_INJECT_ALLOCATE);
        inject_end(FAULT_INJECT_REFILL);
        test_equal(copy.error, OK);
        test_check(!copy.failed); /* the pager did its part */
    }
    test_note("%u copies found no frame at first", strikes);
    test_check(strikes > 0);
    pager_fixture_end();
}
