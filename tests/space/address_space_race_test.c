/* Address spaces that one CPU uses while another one changes them. */
#include "mm/space/address_space.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/user_copy.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/space/memory_object.h"
#include "tests/space/space_user.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define PLACE SPACE_PLACE
#define RW    (SPACE_READ | SPACE_WRITE)

static struct space_fixture fixture; /* other threads look at it */

/* A thread on another CPU that writes ever larger numbers to one page. */
static struct {
    uint32_t written, refused;
    bool stop;
} writer;

static void write_on(void *argument maybe_unused)
{
    space_user_set(&fixture.space);
    while (!__atomic_load_n(&writer.stop, __ATOMIC_SEQ_CST)) {
        uint32_t next = test_counted(&writer.written) + 1;
        if (user_copy_out(PLACE, &next, sizeof(next)) == OK) {
            test_count(&writer.written);
        } else {
            test_count(&writer.refused);
        }
    }
    space_user_set(NULL);
}

static uint32_t number_there(void)
{
    uint32_t number = 0;
    test_equal(user_copy_in(&number, PLACE, sizeof(number)), OK);
    return number;
}

TEST(ASP0106, "once the right to write is taken away, no other CPU writes any more", TWO_CPUS)
{
    if (!space_fixture_begin(&fixture, PAGE_BYTES)) {
        return;
    }
    writer.written = writer.refused = 0;
    writer.stop = false;
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    struct thread *thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(1), write_on, NULL);
    for (unsigned round = 0; round < 50 && thread != NULL; round++) {
        uint32_t before = test_counted(&writer.written);
        test_wait_until(&writer.written, before + 20, "written");
        test_equal(address_space_protect(&fixture.space, PLACE, PAGE_BYTES, SPACE_READ), OK);
        uint32_t number = number_there(), refused = test_counted(&writer.refused);
        test_wait_until(&writer.refused, refused + 2, "refused");
        test_equal(number_there(), number);
        test_equal(address_space_protect(&fixture.space, PLACE, PAGE_BYTES, RW), OK);
    }
    __atomic_store_n(&writer.stop, true, __ATOMIC_SEQ_CST);
    test_thread_join(thread);
    test_thread_unbind();
    space_fixture_end(&fixture);
}

#define LONG_PAGES   24
#define MIDDLE_FIRST 8
#define MIDDLE_PAGES 4

/* A thread that copies out a long range whose middle another CPU unmaps. */
static struct {
    uint32_t whole, cut, wrong;
    bool stop;
    uint8_t bytes[LONG_PAGES * PAGE_BYTES];
} copier;

static void copy_on(void *argument maybe_unused)
{
    space_user_set(&fixture.space);
    while (!__atomic_load_n(&copier.stop, __ATOMIC_SEQ_CST)) {
        size_t copied;
        int error = user_copy_out_part(PLACE, copier.bytes, sizeof(copier.bytes), &copied);
        if (error == OK) {
            test_count(&copier.whole);
        } else {
            test_count(&copier.cut);
            /* It ends somewhere in the pages that are unmapped and mapped anew. */
            if (error != ERROR_FAULT || copied < MIDDLE_FIRST * PAGE_BYTES ||
                copied >= (MIDDLE_FIRST + MIDDLE_PAGES) * PAGE_BYTES) {
                test_count(&copier.wrong);
            }
        }
    }
    space_user_set(NULL);
}

TEST(ASP0107, "another CPU unmaps what a thread is copying to: the copy ends there, or goes on",
     TWO_CPUS)
{
    if (!space_fixture_begin(&fixture, LONG_PAGES * PAGE_BYTES)) {
        return;
    }
    struct address_space *space = &fixture.space;
    uintptr_t middle = PLACE + MIDDLE_FIRST * PAGE_BYTES;
    copier.whole = copier.cut = copier.wrong = 0;
    copier.stop = false;
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    struct thread *thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(1), copy_on, NULL);
    uint64_t end_ns = test_hammer_end();
    for (unsigned round = 0; (round < 40 || test_hammer_goes_on(end_ns)) && thread != NULL;
         round++) {
        test_equal(address_space_unmap(space, middle, MIDDLE_PAGES * PAGE_BYTES), OK);
        if (round % 8 == 0) {
            test_wait_until(&copier.cut, test_counted(&copier.cut) + 1, "cut");
        }
        test_equal(address_space_map(space, middle, MIDDLE_PAGES * PAGE_BYTES, RW, fixture.object,
                                     MIDDLE_FIRST * PAGE_BYTES),
                   OK);
        if (round % 8 == 4) {
            test_wait_until(&copier.whole, test_counted(&copier.whole) + 1, "whole");
        }
    }
    __atomic_store_n(&copier.stop, true, __ATOMIC_SEQ_CST);
    test_thread_join(thread);
    test_thread_unbind();
    test_note("%u copies were whole, %u were cut", copier.whole, copier.cut);
    test_equal(copier.wrong, 0);
    test_check(thread == NULL || (copier.whole > 0 && copier.cut > 0));
    space_fixture_end(&fixture);
}

#define MEETINGS 40

static struct {
    uint32_t ready, done;
} meeting;

static void touch_pages(void *argument)
{
    space_user_set(&fixture.space);
    for (unsigned page = 0; page < MEETINGS; page++) {
        test_count(&meeting.ready);
        while (test_counted(&meeting.ready) < 2 * (page + 1)) {
            cpu_pause();
        }
        if (!space_write(PLACE + page * PAGE_BYTES + *(const unsigned *)argument, 1)) {
            test_fail(__FILE__, __LINE__, "page %u cannot be written", page);
        }
    }
    space_user_set(NULL);
}

TEST(ASP0108, "two CPUs that touch a page at once get one frame, and both writes are in it",
     TWO_CPUS)
{
    static const unsigned offsets[] = {8, 16};
    if (!space_fixture_begin(&fixture, MEETINGS * PAGE_BYTES)) {
        return;
    }
    size_t frames = frame_owned_count(FRAME_OWNER_USER);
    struct thread *threads[2];
    meeting.ready = 0;
    for (unsigned i = 0; i < 2; i++) {
        threads[i] = test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(i), touch_pages,
                                       (void *)(uintptr_t)&offsets[i]);
        if (threads[i] == NULL) {
            meeting.ready = 2 * MEETINGS; /* the other one need not wait */
        }
    }
    test_thread_join(threads[0]);
    test_thread_join(threads[1]);
    test_equal(frame_owned_count(FRAME_OWNER_USER) - frames, MEETINGS);
    for (unsigned page = 0; page < MEETINGS; page++) {
        test_equal(space_read(PLACE + page * PAGE_BYTES + 8), 1);
        test_equal(space_read(PLACE + page * PAGE_BYTES + 16), 1);
    }
    space_fixture_end(&fixture);
}
