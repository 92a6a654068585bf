/* Address spaces: mapping, faults, unmapping and rights, on one CPU. */
#include "mm/space/address_space.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/space/memory_object.h"
#include "tests/space/space_user.h"
#include "tests/test.h"

#define PLACE SPACE_PLACE
#define RW    (SPACE_READ | SPACE_WRITE)

static struct space_fixture fixture; /* other threads look at it */

TEST(ASP0101, "a mapping with wrong arguments, or where something is mapped, is refused", ALWAYS)
{
    if (!space_fixture_begin(&fixture, 4 * PAGE_BYTES)) {
        return;
    }
    struct address_space *space = &fixture.space;
    struct memory_object *object = fixture.object;
    const uintptr_t free = PLACE + 64 * PAGE_BYTES;

    test_equal(address_space_map(space, free + 1, PAGE_BYTES, RW, object, 0), ERROR_INVALID);
    test_equal(address_space_map(space, free, 0, RW, object, 0), ERROR_INVALID);
    test_equal(address_space_map(space, free, 100, RW, object, 0), ERROR_INVALID);
    test_equal(address_space_map(space, free, PAGE_BYTES, RW, object, 8), ERROR_INVALID);
    test_equal(address_space_map(space, free, PAGE_BYTES, SPACE_WRITE, object, 0), ERROR_INVALID);
    test_equal(address_space_map(space, free, PAGE_BYTES, RW | SPACE_EXECUTE, object, 0),
               ERROR_INVALID);
    test_equal(address_space_map(space, free, PAGE_BYTES, 8, object, 0), ERROR_INVALID);
    test_equal(address_space_map(space, free, PAGE_BYTES, SPACE_READ, NULL, 0), ERROR_INVALID);

    test_equal(address_space_map(space, 0, PAGE_BYTES, RW, object, 0), ERROR_RANGE);
    test_equal(address_space_map(space, USER_BASE - PAGE_BYTES, PAGE_BYTES, RW, object, 0),
               ERROR_RANGE);
    test_equal(address_space_map(space, USER_END, PAGE_BYTES, RW, object, 0), ERROR_RANGE);
    test_equal(address_space_map(space, USER_END - PAGE_BYTES, 2 * PAGE_BYTES, RW, object, 0),
               ERROR_RANGE);
    test_equal(address_space_map(space, (uintptr_t)-PAGE_BYTES, 2 * PAGE_BYTES, RW, object, 0),
               ERROR_RANGE);
    test_equal(address_space_map(space, STACK_OBJECT_BASE, PAGE_BYTES, RW, object, 0), ERROR_RANGE);
    test_equal(address_space_map(space, free, 5 * PAGE_BYTES, RW, object, 0), ERROR_RANGE);
    test_equal(address_space_map(space, free, PAGE_BYTES, RW, object, 4 * PAGE_BYTES), ERROR_RANGE);

    test_equal(address_space_map(space, PLACE, PAGE_BYTES, RW, object, 0), ERROR_EXISTS);
    test_equal(address_space_map(space, PLACE - PAGE_BYTES, 2 * PAGE_BYTES, RW, object, 0),
               ERROR_EXISTS);
    test_equal(address_space_map(space, PLACE + 3 * PAGE_BYTES, 2 * PAGE_BYTES, RW, object, 0),
               ERROR_EXISTS);
    test_equal(address_space_map(space, PLACE + 4 * PAGE_BYTES, PAGE_BYTES, RW, object, 0), OK);
    test_equal(address_space_map(space, PLACE - PAGE_BYTES, PAGE_BYTES, RW, object, 0), OK);
    test_equal(space->region_count, 3);
    space_fixture_end(&fixture);
}

#define DIRTY_FRAMES 16

/* The frames that this CPU allocates next hold no zeroes. */
static void free_frames_dirty(void)
{
    physical_t frames[DIRTY_FRAMES];
    unsigned count = 0;
    while (count < DIRTY_FRAMES && frame_allocate(FRAME_OWNER_TEST, &frames[count]) == OK) {
        memset(physical_to_virtual(frames[count++]), 0xa5, PAGE_BYTES);
    }
    while (count > 0) {
        frame_free(frames[--count], FRAME_OWNER_TEST);
    }
}

TEST(ASP0102, "the first touch of a page fills it with zeroes, and takes one frame", ALWAYS)
{
    if (!space_fixture_begin(&fixture, 16 * PAGE_BYTES)) {
        return;
    }
    free_frames_dirty();
    size_t frames = frame_owned_count(FRAME_OWNER_USER);
    for (unsigned i = 0; i < PAGE_BYTES; i += 511) {
        test_equal(space_read(PLACE + i), 0);
    }
    test_equal(frame_owned_count(FRAME_OWNER_USER) - frames, 1);
    test_check(space_write(PLACE + 5 * PAGE_BYTES, 0x77));
    test_equal(frame_owned_count(FRAME_OWNER_USER) - frames, 2);
    test_equal(space_read(PLACE + 5 * PAGE_BYTES), 0x77);
    test_equal(space_read(PLACE + 5 * PAGE_BYTES + 1), 0);
    test_equal(fixture.object->frames, 2);

    /* The same object somewhere else shows the same bytes. */
    test_equal(address_space_map(&fixture.space, USER_BASE, 4 * PAGE_BYTES, SPACE_READ,
                                 fixture.object, 4 * PAGE_BYTES),
               OK);
    test_equal(space_read(USER_BASE + PAGE_BYTES), 0x77);
    test_check(space_write(PLACE + 5 * PAGE_BYTES, 0x78));
    test_equal(space_read(USER_BASE + PAGE_BYTES), 0x78);
    test_check(!space_write(USER_BASE + PAGE_BYTES, 1));
    space_fixture_end(&fixture);
}

static const char *reason_of(uintptr_t address, uint32_t error_code)
{
    const char *reason = "";
    test_equal(address_space_fault(&fixture.space, address, error_code, &reason), ERROR_FAULT);
    return reason;
}

TEST(ASP0103, "a fault that cannot be resolved says why", ALWAYS)
{
    if (!space_fixture_begin(&fixture, PAGE_BYTES)) {
        return;
    }
    struct address_space *space = &fixture.space;
    uintptr_t stack = PLACE + 0x100000;
    struct address_space_place place;
    test_equal(address_space_map_stack(space, stack, PAGE_BYTES, fixture.object, 0), OK);
    test_equal(address_space_protect(space, PLACE, PAGE_BYTES, SPACE_READ), OK);

    test_check(strstr(reason_of(0, 0), "null pointer") != NULL);
    test_check(strstr(reason_of(USER_BASE - 1, 0), "null pointer") != NULL);
    test_check(strstr(reason_of(USER_END, 0), "no address of user mode") != NULL);
    test_check(strstr(reason_of(STACK_OBJECT_BASE, 0), "no address of user mode") != NULL);
    test_check(strstr(reason_of(PLACE - 1, 0), "nothing is mapped") != NULL);
    test_check(strstr(reason_of(PLACE + PAGE_BYTES, 0), "nothing is mapped") != NULL);
    test_check(strstr(reason_of(PLACE, PAGE_FAULT_WRITE), "not be written") != NULL);
    test_check(strstr(reason_of(PLACE, PAGE_FAULT_FETCH), "not be executed") != NULL);
    test_check(strstr(reason_of(stack - 1, PAGE_FAULT_WRITE), "overflow") != NULL);
    test_check(strstr(reason_of(stack - SPACE_STACK_GUARD_BYTES, 0), "overflow") != NULL);
    test_check(strstr(reason_of(stack - SPACE_STACK_GUARD_BYTES - 1, 0), "nothing") != NULL);
    test_equal(address_space_protect(space, PLACE, PAGE_BYTES, 0), OK);
    test_check(strstr(reason_of(PLACE, 0), "no access") != NULL);

    test_check(address_space_find(space, stack - 1, &place) && place.is_stack_guard);
    test_equal(place.start, stack - SPACE_STACK_GUARD_BYTES);
    test_check(!address_space_find(space, PLACE - 1, &place));
    space_fixture_end(&fixture);
}

/* What the next function finds on the stack. */
static never_inline void stack_dirty(void)
{
    volatile uint8_t bytes[768];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = 0x86;
    }
}

TEST(ASP0113, "a fault that lacks nothing but page tables says why it does not get them", ALWAYS)
{
    const uintptr_t far = PLACE + (1UL << 40); /* no table is there */
    const char *reason = "";
    if (!space_fixture_begin(&fixture, PAGE_BYTES)) {
        return;
    }
    test_check(space_write(PLACE, 0x77)); /* the page itself has its frame */
    test_equal(address_space_map(&fixture.space, far, PAGE_BYTES, RW, fixture.object, 0), OK);
    size_t limit = fixture.quota->limit;
    fixture.quota->limit = fixture.quota->used;
    stack_dirty();
    test_equal(address_space_fault(&fixture.space, far, PAGE_FAULT_USER, &reason), ERROR_QUOTA);
    test_check(strcmp(reason, "the quota of frames is used up") == 0);
    fixture.quota->limit = limit;
    test_equal(address_space_fault(&fixture.space, far, PAGE_FAULT_USER, &reason), OK);
    space_fixture_end(&fixture);
}

TEST(ASP0104, "what is unmapped is gone on return, and its neighbours stay", ALWAYS)
{
    if (!space_fixture_begin(&fixture, 8 * PAGE_BYTES)) {
        return;
    }
    struct address_space *space = &fixture.space;
    for (unsigned page = 0; page < 8; page++) {
        test_check(space_write(PLACE + page * PAGE_BYTES, (uint8_t)(page + 1)));
    }
    test_equal(address_space_unmap(space, PLACE + 2 * PAGE_BYTES, 3 * PAGE_BYTES), OK);
    test_equal(space->region_count, 2);
    for (unsigned page = 0; page < 8; page++) {
        bool gone = page >= 2 && page < 5;
        test_equal(space_read(PLACE + page * PAGE_BYTES), gone ? -1 : (int)page + 1);
    }
    test_equal(address_space_unmap(space, PLACE + 2 * PAGE_BYTES, PAGE_BYTES), ERROR_NOT_FOUND);
    test_equal(address_space_unmap(space, PLACE + 1, PAGE_BYTES), ERROR_INVALID);
    test_equal(address_space_unmap(space, PLACE, 0), ERROR_INVALID);
    test_equal(address_space_unmap(space, USER_END, PAGE_BYTES), ERROR_RANGE);
    /* Another part of the object at that address. */
    test_equal(address_space_map(space, PLACE + 2 * PAGE_BYTES, PAGE_BYTES, RW, fixture.object,
                                 7 * PAGE_BYTES),
               OK);
    test_equal(space_read(PLACE + 2 * PAGE_BYTES), 8);
    /* Across gaps and regions. */
    test_equal(address_space_unmap(space, PLACE + PAGE_BYTES, 6 * PAGE_BYTES), OK);
    test_equal(space_read(PLACE), 1);
    test_equal(space_read(PLACE + PAGE_BYTES), -1);
    test_equal(space_read(PLACE + 2 * PAGE_BYTES), -1);
    test_equal(space_read(PLACE + 7 * PAGE_BYTES), 8);
    space_fixture_end(&fixture);
}

static bool entry_allows(uintptr_t address, uint64_t bit)
{
    return (user_tables_entry(&fixture.space.tables, address) & bit) != 0;
}

TEST(ASP0105, "new rights hold on return, and no page is ever writable and executable", ALWAYS)
{
    if (!space_fixture_begin(&fixture, 4 * PAGE_BYTES)) {
        return;
    }
    struct address_space *space = &fixture.space;
    const char *reason;
    uintptr_t second = PLACE + PAGE_BYTES;
    test_check(space_write(PLACE, 1) && space_write(second, 2));
    test_equal(address_space_protect(space, second, PAGE_BYTES, SPACE_READ | SPACE_EXECUTE), OK);
    test_equal(space->region_count, 3);
    test_check(!entry_allows(second, PAGE_WRITABLE));
    test_check(!space_write(second, 3));
    test_equal(space_read(second), 2);
    test_equal(address_space_fault(space, second, PAGE_FAULT_FETCH | PAGE_FAULT_PRESENT, &reason),
               OK);
    test_check(!entry_allows(second, PAGE_NO_EXECUTE) && !entry_allows(second, PAGE_WRITABLE));
    test_check(space_write(PLACE, 9));

    test_equal(address_space_protect(space, PLACE, 4 * PAGE_BYTES, RW), OK);
    test_check(entry_allows(second, PAGE_NO_EXECUTE));
    test_check(space_write(second, 4));
    test_equal(address_space_protect(space, PLACE, 4 * PAGE_BYTES, 0), OK);
    test_equal(space_read(PLACE), -1);
    test_equal(address_space_protect(space, PLACE, 4 * PAGE_BYTES, SPACE_READ), OK);
    test_equal(space_read(second), 4);

    test_equal(address_space_protect(space, PLACE, PAGE_BYTES, RW | SPACE_EXECUTE), ERROR_INVALID);
    test_equal(address_space_protect(space, PLACE, 100, RW), ERROR_INVALID);
    test_equal(address_space_protect(space, PLACE, 5 * PAGE_BYTES, RW), ERROR_NOT_FOUND);
    test_equal(address_space_protect(space, PLACE - PAGE_BYTES, PAGE_BYTES, RW), ERROR_NOT_FOUND);
    test_equal(address_space_protect(space, USER_END, PAGE_BYTES, RW), ERROR_RANGE);
    space_fixture_end(&fixture);
}

TEST(ASP0109,
     "a large mapping costs tables only where it was touched, and unmapping gives all back", ALWAYS)
{
    const size_t bytes = 1UL << 40;
    if (!space_fixture_begin(&fixture, PAGE_BYTES)) {
        return;
    }
    struct memory_object *object;
    size_t before = fixture.quota->used;
    uintptr_t place = 1UL << 42;
    test_equal(memory_object_create(bytes, fixture.quota, &object), OK);
    test_equal(address_space_map(&fixture.space, place, bytes, RW, object, 0), OK);
    uintptr_t places[] = {place, place + bytes / 2, place + bytes - PAGE_BYTES};
    for (unsigned i = 0; i < array_length(places); i++) {
        test_check(space_write(places[i], (uint8_t)(i + 1)));
    }
    for (unsigned i = 0; i < array_length(places); i++) {
        test_equal(space_read(places[i]), (int)i + 1);
    }
    test_equal(object->frames, 3);
    test_equal(fixture.space.tables.tables, 3 + 3 + 2); /* the last two share one of level 3 */
    test_equal(address_space_unmap(&fixture.space, place, bytes), OK);
    test_equal(fixture.space.tables.tables, 0);
    memory_object_release(object);
    test_equal(fixture.quota->used, before);
    space_fixture_end(&fixture);
}

/* Maps single pages with gaps until the quota is used up. Returns how many there are. */
static unsigned regions_map(uintptr_t place, unsigned most)
{
    unsigned count = 0;
    int error = OK;
    while (count < most && error == OK) {
        error = address_space_map(&fixture.space, place + 2 * count * PAGE_BYTES, PAGE_BYTES, RW,
                                  fixture.object, 0);
        count += error == OK;
    }
    test_equal(error, ERROR_QUOTA);
    return count;
}

TEST(ASP0112, "regions are charged to the quota, also those that an unmapping cuts in two", ALWAYS)
{
    const unsigned most = 1000; /* more than two frames of regions */
    uintptr_t place = 1UL << 42;
    if (!space_fixture_begin(&fixture, 3 * PAGE_BYTES)) {
        return;
    }
    struct frame_quota *quota = fixture.quota;
    size_t limit = quota->limit, used = quota->used;
    quota->limit = used + 2;
    unsigned count = regions_map(place, most);
    test_check(count > 20 && count < most);
    test_equal(address_space_unmap(&fixture.space, SPACE_PLACE + PAGE_BYTES, PAGE_BYTES),
               ERROR_QUOTA);
    test_equal(address_space_protect(&fixture.space, SPACE_PLACE, PAGE_BYTES, SPACE_READ),
               ERROR_QUOTA);
    test_equal(quota->used, quota->limit);
    test_equal(address_space_unmap(&fixture.space, place, most * 2 * PAGE_BYTES), OK);
    test_equal(quota->used, used);
    test_equal(address_space_unmap(&fixture.space, SPACE_PLACE + PAGE_BYTES, PAGE_BYTES), OK);
    quota->limit = limit;
    space_fixture_end(&fixture);
}
