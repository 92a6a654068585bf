/* Memory objects: clones and copies on write, physical ranges, quotas, and failing allocations. */
#include "mm/space/memory_object.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/options.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/fault_inject.h"
#include "mm/frame/frame.h"
#include "mm/space/address_space.h"
#include "tests/space/space_user.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define PLACE  SPACE_PLACE
#define SECOND (SPACE_PLACE + 0x10000000UL)
#define RW     (SPACE_READ | SPACE_WRITE)

static struct space_fixture fixture; /* other threads look at it */

TEST(MOB0001, "a clone has its parent's content, and a write to one of them changes only that one",
     ALWAYS)
{
    struct memory_object *clone;
    if (!space_fixture_begin(&fixture, 4 * PAGE_BYTES)) {
        return;
    }
    test_check(space_write(PLACE, 1) && space_write(PLACE + PAGE_BYTES, 2));
    size_t frames = frame_owned_count(FRAME_OWNER_USER);
    test_equal(memory_object_clone(fixture.object, fixture.quota, &clone), OK);
    test_equal(address_space_map(&fixture.space, SECOND, 4 * PAGE_BYTES, RW, clone, 0), OK);
    test_equal(space_read(SECOND), 1);
    test_equal(space_read(SECOND + PAGE_BYTES), 2);
    test_equal(frame_owned_count(FRAME_OWNER_USER), frames);

    test_check(space_write(PLACE, 11));               /* the parent gets a copy */
    test_check(space_write(SECOND + PAGE_BYTES, 22)); /* the clone gets one */
    test_equal(frame_owned_count(FRAME_OWNER_USER) - frames, 2);
    test_equal(space_read(PLACE), 11);
    test_equal(space_read(SECOND), 1);
    test_equal(space_read(PLACE + PAGE_BYTES), 2);
    test_equal(space_read(SECOND + PAGE_BYTES), 22);

    /* A page that is not shared any more is written without a copy. */
    test_check(space_write(SECOND, 3) && space_write(PLACE + PAGE_BYTES, 4));
    test_equal(frame_owned_count(FRAME_OWNER_USER) - frames, 2);
    /* Pages that nobody had touched are each one's own. */
    test_check(space_write(PLACE + 2 * PAGE_BYTES, 5));
    test_equal(space_read(SECOND + 2 * PAGE_BYTES), 0);
    memory_object_release(clone);
    space_fixture_end(&fixture);
}

TEST(MOB0002, "clones of clones end in any order, and the last one frees what they shared", ALWAYS)
{
    struct memory_object *child, *grandchild;
    const uintptr_t third = SECOND + 0x1000000;
    if (!space_fixture_begin(&fixture, 2 * PAGE_BYTES)) {
        return;
    }
    size_t frames = frame_owned_count(FRAME_OWNER_USER);
    test_check(space_write(PLACE, 1) && space_write(PLACE + PAGE_BYTES, 2));
    test_equal(memory_object_clone(fixture.object, fixture.quota, &child), OK);
    test_equal(memory_object_clone(child, fixture.quota, &grandchild), OK);
    test_equal(address_space_map(&fixture.space, SECOND, 2 * PAGE_BYTES, RW, child, 0), OK);
    test_equal(address_space_map(&fixture.space, third, 2 * PAGE_BYTES, RW, grandchild, 0), OK);
    memory_object_release(grandchild); /* its region keeps it */
    test_check(space_write(SECOND, 3));
    test_equal(frame_owned_count(FRAME_OWNER_USER) - frames, 3);
    test_equal(address_space_unmap(&fixture.space, SECOND, 2 * PAGE_BYTES), OK);
    memory_object_release(child);
    test_equal(frame_owned_count(FRAME_OWNER_USER) - frames, 2);
    test_equal(space_read(third), 1);
    test_check(space_write(third + PAGE_BYTES, 4));
    test_equal(space_read(PLACE + PAGE_BYTES), 2);
    test_equal(address_space_unmap(&fixture.space, third, 2 * PAGE_BYTES), OK);
    test_equal(frame_owned_count(FRAME_OWNER_USER) - frames, 2);
    test_check(space_write(PLACE, 5)); /* nobody shares it any more */
    test_equal(frame_owned_count(FRAME_OWNER_USER) - frames, 2);
    space_fixture_end(&fixture);
}

#define CLONE_PAGES 70 /* more than a slice */

static struct {
    uint32_t rounds, refused;
    bool stop;
} writer;

/*
 * The words that round number `round` writes. User copy stores words of 8 bytes at once, and what
 * is left byte by byte. So a word is seen as it was before or after a write, but a shorter number
 * could be seen half written: then it would be too small, because each step changes two bytes.
 */
static uint64_t number_of(uint32_t round)
{
    return round * 255UL;
}

/* Writes one number after the other into all pages, from the first to the last. */
static void write_rounds(void *argument maybe_unused)
{
    space_user_set(&fixture.space);
    while (!__atomic_load_n(&writer.stop, __ATOMIC_SEQ_CST)) {
        uint64_t number = number_of(writer.rounds + 1);
        for (unsigned page = 0; page < CLONE_PAGES; page++) {
            if (user_copy_out(PLACE + page * PAGE_BYTES, &number, sizeof(number)) != OK) {
                test_count(&writer.refused);
            }
        }
        test_count(&writer.rounds);
    }
    space_user_set(NULL);
}

static uint64_t clone_sum(uint64_t *least, uint64_t *most)
{
    uint64_t sum = 0;
    *least = UINT64_MAX;
    *most = 0;
    for (unsigned page = 0; page < CLONE_PAGES; page++) {
        uint64_t number = 0;
        test_equal(user_copy_in(&number, SECOND + page * PAGE_BYTES, sizeof(number)), OK);
        sum += number;
        *least = number < *least ? number : *least;
        *most = number > *most ? number : *most;
    }
    return sum;
}

TEST(MOB0003, "a clone that is made while another CPU writes does not change afterwards", TWO_CPUS)
{
    if (!space_fixture_begin(&fixture, CLONE_PAGES * PAGE_BYTES)) {
        return;
    }
    writer.rounds = writer.refused = 0;
    writer.stop = false;
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT);
    struct thread *thread =
        test_thread_start(THREAD_PRIORITY_DEFAULT, test_cpu_bit(1), write_rounds, NULL);
    for (unsigned round = 0; round < 6 && thread != NULL; round++) {
        struct memory_object *clone;
        uint64_t least, most;
        test_wait_until(&writer.rounds, test_counted(&writer.rounds) + 2, "rounds of writes");
        uint32_t before = test_counted(&writer.rounds);
        int error;
        while ((error = memory_object_clone(fixture.object, fixture.quota, &clone)) ==
               ERROR_AGAIN) {
            thread_yield();
        }
        test_equal(error, OK);
        test_equal(address_space_map(&fixture.space, SECOND, CLONE_PAGES * PAGE_BYTES, SPACE_READ,
                                     clone, 0),
                   OK);
        uint64_t sum = clone_sum(&least, &most);
        test_check(least >= number_of(before));
        test_wait_until(&writer.rounds, (uint32_t)(most / number_of(1)) + 2,
                        "rounds of writes after the clone");
        test_equal(clone_sum(&least, &most), sum);
        test_equal(address_space_unmap(&fixture.space, SECOND, CLONE_PAGES * PAGE_BYTES), OK);
        memory_object_release(clone);
    }
    __atomic_store_n(&writer.stop, true, __ATOMIC_SEQ_CST);
    test_thread_join(thread);
    test_thread_unbind();
    test_equal(writer.refused, 0);
    space_fixture_end(&fixture);
}

TEST(MOB0004, "a physical object maps the frames that it names, and leaves them to their owner",
     ALWAYS)
{
    struct memory_object *object;
    physical_t frames;
    if (!space_fixture_begin(&fixture, PAGE_BYTES)) {
        return;
    }
    test_equal(frame_allocate_order(1, FRAME_OWNER_TEST, &frames), OK);
    uint8_t *bytes = physical_to_virtual(frames);
    bytes[0] = 1;
    bytes[PAGE_BYTES] = 2;
    test_equal(memory_object_create_physical(frames, 2 * PAGE_BYTES, MEMORY_CACHED, &object), OK);
    test_equal(address_space_map(&fixture.space, SECOND, 2 * PAGE_BYTES, RW, object, 0), OK);
    memory_object_release(object);
    test_equal(space_read(SECOND), 1);
    test_equal(space_read(SECOND + PAGE_BYTES), 2);
    test_check(space_write(SECOND + 1, 3));
    test_equal(bytes[1], 3);
    test_equal(address_space_unmap(&fixture.space, SECOND, 2 * PAGE_BYTES), OK);
    test_equal(frame_owner_of(frames), FRAME_OWNER_TEST);

    test_equal(memory_object_create_physical(frames, 2 * PAGE_BYTES, MEMORY_UNCACHED, &object), OK);
    test_equal(address_space_map(&fixture.space, SECOND, PAGE_BYTES, RW, object, 0), OK);
    test_equal(space_read(SECOND), 1);
    test_equal(user_tables_entry(&fixture.space.tables, SECOND) & PAGE_UNCACHED, PAGE_UNCACHED);
    struct memory_object *clone;
    test_equal(memory_object_clone(object, fixture.quota, &clone), ERROR_UNSUPPORTED);
    memory_object_release(object);

    test_equal(memory_object_create_physical(1, PAGE_BYTES, MEMORY_CACHED, &object), ERROR_INVALID);
    test_equal(memory_object_create_physical(0, 0, MEMORY_CACHED, &object), ERROR_INVALID);
    test_equal(memory_object_create_physical(1UL << 52, PAGE_BYTES, MEMORY_CACHED, &object),
               ERROR_RANGE);
    test_equal(memory_object_create(100, fixture.quota, &object), ERROR_INVALID);
    test_equal(memory_object_create(0, fixture.quota, &object), ERROR_INVALID);
    test_equal(memory_object_create((PAGE_LIST_PAGES_MAX + 1) * PAGE_BYTES, fixture.quota, &object),
               ERROR_RANGE);
    space_fixture_end(&fixture);
    frame_free_order(frames, 1, FRAME_OWNER_TEST);
}

TEST(MOB0005,
     "a fault that would exceed the quota is refused with that reason, and charges nothing", ALWAYS)
{
    if (!space_fixture_begin(&fixture, 8 * PAGE_BYTES)) {
        return;
    }
    test_check(space_write(PLACE, 1)); /* the tables are there from now on */
    fixture.quota->limit = fixture.quota->used + 2;
    test_check(space_write(PLACE + PAGE_BYTES, 2) && space_write(PLACE + 2 * PAGE_BYTES, 3));
    test_check(!space_write(PLACE + 3 * PAGE_BYTES, 4));
    test_check(strstr(space_user_reason(), "quota") != NULL);
    test_equal(fixture.quota->used, fixture.quota->limit);
    test_equal(space_read(PLACE + 2 * PAGE_BYTES), 3);

    struct memory_object *clone;
    test_equal(memory_object_clone(fixture.object, fixture.quota, &clone), ERROR_QUOTA);
    test_equal(fixture.quota->used, fixture.quota->limit);
    test_check(space_write(PLACE, 5)); /* what the failed clone shared is the parent's alone */
    /* A page table counts as well. */
    test_equal(address_space_map(&fixture.space, 1UL << 40, PAGE_BYTES, RW, fixture.object, 0), OK);
    test_check(!space_write(1UL << 40, 1));
    fixture.quota->limit = FRAME_QUOTA_NONE;
    test_check(space_write(1UL << 40, 1) && space_write(PLACE + 3 * PAGE_BYTES, 4));
    space_fixture_end(&fixture);
}

TEST(MOB0006,
     "a fault or a clone survives the failure of each of its allocations, and loses nothing",
     ALWAYS)
{
    unsigned failures = 0;
    bool struck = true;
    for (uint32_t step = 1; step <= 30 && struck; step++) {
        struct memory_object *clone = NULL;
        if (!space_fixture_begin(&fixture, 2 * PAGE_BYTES)) {
            return;
        }
        fault_inject_arm(FAULT_INJECT_ALLOCATE, step, 0);
        bool done = space_write(PLACE, 1) && space_write(PLACE + PAGE_BYTES, 2);
        int error = memory_object_clone(fixture.object, fixture.quota, &clone);
        done = error == OK && done && space_write(PLACE, 3);
        struck = fault_inject_count(FAULT_INJECT_ALLOCATE) != 0;
        fault_inject_arm(FAULT_INJECT_ALLOCATE, options.inject_every[FAULT_INJECT_ALLOCATE],
                         options.seed);
        test_check(done || struck);
        failures += !done;
        test_check(error == OK || error == ERROR_NO_MEMORY);
        if (clone != NULL) {
            memory_object_release(clone);
        }
        test_check(space_write(PLACE + PAGE_BYTES, 4)); /* and later it works */
        space_fixture_end(&fixture);
    }
    test_note("%u of the runs failed, each cleanly", failures);
    test_check(failures >= 4 && !struck);
}

TEST(MOB0007, "the list of pages is as high as the object's size asks for, and finds each page",
     ALWAYS)
{
    static const size_t pages[] = {1, 2, 1024, 1025, 1UL << 20, (1UL << 20) + 1};
    static const unsigned heights[] = {0, 1, 1, 2, 2, 3};
    struct frame_quota *quota = space_quota();
    for (unsigned i = 0; i < array_length(pages) && quota != NULL; i++) {
        struct page_list list;
        size_t indices[] = {0, pages[i] / 2, pages[i] - 1};
        page_list_init(&list, pages[i], quota);
        test_equal(list.height, heights[i]);
        for (unsigned j = 0; j < array_length(indices); j++) {
            page_entry *entry;
            test_check(heights[i] == 0 || j != 0 || page_list_find(&list, indices[j]) == NULL);
            test_equal(page_list_entry(&list, indices[j], &entry), OK);
            test_check(page_list_find(&list, indices[j]) == entry);
            *entry |= page_entry_of((j + 1UL) << PAGE_SHIFT);
        }
        for (unsigned j = 0; j < array_length(indices); j++) {
            page_entry *entry = page_list_find(&list, indices[j]);
            test_check(entry != NULL && (page_entry_frame(*entry) >> PAGE_SHIFT & (j + 1)) != 0);
            if (entry != NULL && heights[i] == 0) {
                *entry = 0;
                break;
            }
        }
        page_list_destroy(&list);
        test_equal(list.frames, 0);
        test_equal(quota->used, 0);
    }
    if (quota != NULL) {
        frame_quota_release(quota);
    }
}
