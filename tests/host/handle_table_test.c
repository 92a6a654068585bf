/* Handle tables, compared with a record of the handles that were given out. */
#include "kernel/object/handle_table.h"

#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/heap/kmalloc.h"
#include "mm/heap/slab.h"
#include "tests/host/host.h"

#define MEBIBYTE 0x100000ul

struct counted {
    struct object object;
    unsigned opened, closed, destroyed, lasts;
    unsigned rights_opened, rights_closed; /* sums */
};

static void counted_opened(struct object *object, unsigned rights)
{
    struct counted *counted = container_of(object, struct counted, object);
    counted->opened++;
    counted->rights_opened += rights;
}

static void counted_closed(struct object *object, unsigned rights, bool last)
{
    struct counted *counted = container_of(object, struct counted, object);
    counted->closed++;
    counted->rights_closed += rights;
    counted->lasts += last;
}

static void counted_destroy(struct object *object)
{
    container_of(object, struct counted, object)->destroyed++;
}

static const struct object_operations counted_operations = {
    .opened = counted_opened, .closed = counted_closed, .destroy = counted_destroy};

static struct handle_table table;
static struct counted objects[3];

static void start(uint32_t limit)
{
    static struct memory_map map;
    host_memory_create(64 * MEBIBYTE);
    host_equal(memory_map_add(&map, 0, 64 * MEBIBYTE, MEMORY_USABLE), OK);
    host_equal(frame_init(&map), OK);
    kmalloc_init();
    handle_table_init(&table, limit);
    for (unsigned i = 0; i < array_length(objects); i++) {
        objects[i] = (struct counted){0};
        object_init(&objects[i].object, OBJECT_ENDPOINT + i, &counted_operations);
    }
}

static uint32_t open_one(unsigned object, unsigned rights, uint64_t badge)
{
    uint32_t handle = 0;
    host_equal(handle_open(&table, &objects[object].object, rights, badge, &handle), OK);
    return handle;
}

static int find(uint64_t handle, unsigned type, unsigned rights)
{
    struct object *object = NULL;
    int error = handle_find(&table, handle, type, rights, &object, NULL);
    if (error == OK) {
        object_release(object);
    }
    return error;
}

HOST_TEST(HHT0001, "a handle gives its object, its badge and its rights, and none but those")
{
    start(100);
    uint32_t handle = open_one(0, RIGHT_SEND | RIGHT_READ, 0x123456789abcdef0);
    struct object *object = NULL;
    uint64_t badge = 0;
    host_equal(handle_find(&table, handle, OBJECT_ENDPOINT, RIGHT_SEND, &object, &badge), OK);
    host_check(object == &objects[0].object);
    host_equal(badge, 0x123456789abcdef0);
    object_release(object);
    for (unsigned right = 1; right <= RIGHTS_ALL; right <<= 1) {
        bool has = (right & (RIGHT_SEND | RIGHT_READ)) != 0;
        host_equal(find(handle, OBJECT_ENDPOINT, right), has ? OK : ERROR_NO_RIGHT);
        host_equal(find(handle, OBJECT_ANY, right), has ? OK : ERROR_NO_RIGHT);
        host_equal(find(handle, OBJECT_ENDPOINT, right | RIGHT_SEND), has ? OK : ERROR_NO_RIGHT);
    }
    host_equal(find(handle, OBJECT_REPLY, RIGHT_SEND), ERROR_WRONG_TYPE);
    host_equal(find(handle, OBJECT_REPLY, RIGHT_WRITE), ERROR_WRONG_TYPE);
    handle_table_destroy(&table);
}

HOST_TEST(HHT0002, "forged, stale, closed and wrong-type handles get distinct errors")
{
    start(100);
    host_equal(find(0, OBJECT_ANY, 0), ERROR_BAD_HANDLE); /* of a table without entries */
    host_equal(find(1 << HANDLE_INDEX_BITS, OBJECT_ANY, 0), ERROR_BAD_HANDLE);
    uint32_t handle = open_one(0, RIGHTS_ALL, 0);
    host_equal(find(0, OBJECT_ANY, 0), ERROR_BAD_HANDLE);
    host_equal(find(handle & (HANDLES_MAX - 1), OBJECT_ANY, 0), ERROR_BAD_HANDLE);
    host_equal(find(handle + (1 << HANDLE_INDEX_BITS), OBJECT_ANY, 0), ERROR_BAD_HANDLE);
    host_equal(find(handle + 1, OBJECT_ANY, 0), ERROR_BAD_HANDLE); /* an entry never used */
    host_equal(find(handle | 1UL << 32, OBJECT_ANY, 0), ERROR_BAD_HANDLE);
    host_equal(find(UINT64_MAX, OBJECT_ANY, 0), ERROR_BAD_HANDLE);
    host_equal(find(UINT32_MAX, OBJECT_ANY, 0), ERROR_BAD_HANDLE);
    host_equal(handle_close(&table, handle), OK);
    host_equal(find(handle, OBJECT_ANY, 0), ERROR_CLOSED_HANDLE);
    host_equal(handle_close(&table, handle), ERROR_CLOSED_HANDLE);
    uint32_t duplicate;
    host_equal(handle_duplicate(&table, handle, 0, &duplicate), ERROR_CLOSED_HANDLE);
    uint32_t again;
    do { /* until the entry has its turn once more */
        again = open_one(1, RIGHTS_ALL, 0);
        host_equal(handle_close(&table, again), OK);
    } while ((again ^ handle) % HANDLES_MAX != 0);
    host_equal(find(handle, OBJECT_ANY, 0), ERROR_STALE_HANDLE);
    host_equal(handle_close(&table, handle), ERROR_STALE_HANDLE);
    host_equal(find(again, OBJECT_ANY, 0), ERROR_CLOSED_HANDLE);
    handle_table_destroy(&table);
}

HOST_TEST(HHT0003, "a duplicate has the rights that were asked for, and never one that was lacking")
{
    for (unsigned has = 0; has <= RIGHTS_ALL; has += 5) {
        start(100);
        uint32_t handle = open_one(0, has, 77);
        for (unsigned wants = 0; wants <= RIGHTS_ALL; wants++) {
            uint32_t duplicate = 0;
            bool may = (has & RIGHT_DUPLICATE) != 0 && (wants & ~has) == 0;
            host_equal(handle_duplicate(&table, handle, wants, &duplicate),
                       may ? OK : ERROR_NO_RIGHT);
            if (may) {
                struct object *object;
                uint64_t badge;
                host_equal(handle_find(&table, duplicate, OBJECT_ENDPOINT, wants, &object, &badge),
                           OK);
                host_equal(badge, 77);
                object_release(object);
                for (unsigned right = 1; right <= RIGHTS_ALL; right <<= 1) {
                    host_equal(find(duplicate, OBJECT_ANY, right),
                               (wants & right) != 0 ? OK : ERROR_NO_RIGHT);
                }
                host_equal(handle_close(&table, duplicate), OK);
            }
        }
        uint32_t duplicate;
        host_equal(handle_duplicate(&table, handle, RIGHTS_ALL + 1, &duplicate), ERROR_INVALID);
        handle_table_destroy(&table);
        host_equal(objects[0].opened, objects[0].closed);
        host_equal(objects[0].rights_opened, objects[0].rights_closed);
        host_equal(objects[0].lasts, 1);
    }
}

HOST_TEST(HHT0004, "closing the last handle says so once, and the last reference frees the object")
{
    start(100);
    uint32_t first = open_one(0, RIGHT_SEND | RIGHT_DUPLICATE, 0), second;
    host_equal(handle_duplicate(&table, first, RIGHT_SEND, &second), OK);
    struct handle_value value;
    host_equal(handle_value_take(&table, second, RIGHT_TRANSFER, &value), ERROR_NO_RIGHT);
    host_equal(handle_value_take(&table, first, RIGHT_SEND, &value), OK);
    host_equal(object_handle_count(&objects[0].object), 3);
    host_equal(handle_close(&table, first), OK);
    host_equal(handle_close(&table, second), OK);
    host_equal(objects[0].lasts, 0); /* a handle is on its way */
    handle_value_release(&value);
    host_equal(objects[0].lasts, 1);
    host_equal(objects[0].destroyed, 0);
    object_release(&objects[0].object);
    host_equal(objects[0].destroyed, 1);
    host_panics(object_acquire(&objects[0].object), "after its last reference");
    handle_table_destroy(&table);
}

HOST_TEST(HHT0005, "a table takes as many handles as it may have, and closes them all at its end")
{
    for (unsigned limit = 1; limit <= HANDLES_MAX; limit = limit == 1 ? 65 : limit * 8) {
        unsigned expected = limit < HANDLES_MAX ? limit : HANDLES_MAX;
        uint32_t handle;
        start(limit);
        size_t in_use = slab_objects_in_use();
        for (unsigned i = 0; i < expected; i++) {
            open_one(i % 3, RIGHT_SEND, i);
        }
        host_equal(handle_open(&table, &objects[0].object, RIGHT_SEND, 0, &handle), ERROR_QUOTA);
        host_equal(objects[0].opened - objects[0].closed, (expected + 2) / 3);
        handle_table_destroy(&table);
        for (unsigned i = 0; i < 3; i++) {
            host_equal(objects[i].opened, objects[i].closed);
            host_equal(objects[i].object.references, 1);
        }
        host_equal(slab_objects_in_use(), in_use);
    }
}

HOST_TEST(HHT0006, "a full table of 16,384 handles is opened, found and closed whole")
{
    static uint32_t handles[HANDLES_MAX];
    start(HANDLES_MAX);
    for (unsigned i = 0; i < HANDLES_MAX; i++) {
        handles[i] = open_one(i % 3, RIGHT_SEND, i);
    }
    uint32_t handle;
    host_equal(handle_open(&table, &objects[0].object, 0, 0, &handle), ERROR_QUOTA);
    for (unsigned i = 0; i < HANDLES_MAX; i++) {
        struct object *object;
        uint64_t badge;
        host_equal(
            handle_find(&table, handles[i], OBJECT_ENDPOINT + i % 3, RIGHT_SEND, &object, &badge),
            OK);
        host_equal(badge, i);
        object_release(object);
    }
    handle_table_destroy(&table);
}

struct record {
    uint32_t handle;
    unsigned object, rights;
    uint64_t badge;
};

HOST_TEST(HHT0007, "opened, duplicated and closed at random, every handle stays what it was")
{
    static struct record open[150];
    static uint32_t old[500];
    unsigned count = 0, old_count = 0;
    start(array_length(open));
    for (unsigned step = 0; step < 100000; step++) {
        unsigned choice = (unsigned)host_random_below(4);
        if (choice < 2 && count < array_length(open)) {
            struct record *record = &open[count];
            *record = (struct record){.object = (unsigned)host_random_below(3),
                                      .rights = (unsigned)host_random_below(RIGHTS_ALL + 1),
                                      .badge = host_random()};
            if (choice == 0 || count == 0) {
                record->handle = open_one(record->object, record->rights, record->badge);
                count++;
            } else {
                const struct record *from = &open[host_random_below(count)];
                record->object = from->object;
                record->badge = from->badge;
                record->rights &= from->rights;
                int error = handle_duplicate(&table, from->handle, record->rights, &record->handle);
                host_equal(error, (from->rights & RIGHT_DUPLICATE) != 0 ? OK : ERROR_NO_RIGHT);
                count += error == OK;
            }
        } else if (choice == 2 && count > 0) {
            unsigned index = (unsigned)host_random_below(count);
            host_equal(handle_close(&table, open[index].handle), OK);
            old[old_count++ % array_length(old)] = open[index].handle;
            open[index] = open[--count];
        } else if (old_count > 0) {
            unsigned known = old_count < array_length(old) ? old_count : array_length(old);
            int error = find(old[host_random_below(known)], OBJECT_ANY, 0);
            host_check(error == ERROR_CLOSED_HANDLE || error == ERROR_STALE_HANDLE);
        }
        if (count > 0) {
            const struct record *record = &open[host_random_below(count)];
            struct object *object;
            uint64_t badge;
            host_equal(
                handle_find(&table, record->handle, OBJECT_ANY, record->rights, &object, &badge),
                OK);
            host_check(object == &objects[record->object].object);
            host_equal(badge, record->badge);
            object_release(object);
        }
        host_equal(table.open, count);
    }
    handle_table_destroy(&table);
}

HOST_TEST(HHT0008, "after its last generation an entry begins with the first, and no handle is 0")
{
    start(1);
    uint32_t first = open_one(0, 0, 0), last = first;
    for (unsigned i = 0; i < HANDLE_CHUNK_ENTRIES; i++) { /* saves 16 million steps */
        struct handle_entry *entry = &table.chunks[0][i];
        entry->check = (entry->check & UINT32_MAX) | (HANDLE_GENERATIONS - 2UL) << 32;
    }
    last = (HANDLE_GENERATIONS - 2) << HANDLE_INDEX_BITS | first % HANDLES_MAX;
    for (unsigned i = 0; i < 2 * HANDLE_CHUNK_ENTRIES; i++) {
        host_equal(handle_close(&table, last), OK);
        last = open_one(0, 0, 0);
        host_check(last >> HANDLE_INDEX_BITS >= HANDLE_GENERATIONS - 2);
    }
    host_equal(last >> HANDLE_INDEX_BITS, HANDLE_GENERATIONS);
    host_equal(handle_close(&table, last), OK);
    host_equal(open_one(0, 0, 0) >> HANDLE_INDEX_BITS, 1);
    handle_table_destroy(&table);
}

#define CPUS   4
#define ROUNDS 20000
static uint32_t shared[64];

/* Opens, closes and finds handles in places that all CPUs share. */
static void hammer(unsigned cpu)
{
    uint64_t random = cpu + 1;
    for (unsigned i = 0; i < ROUNDS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t *place = &shared[random >> 58];
        uint32_t handle = 0;
        struct object *object;
        if (handle_open(&table, &objects[1].object, RIGHT_SEND | RIGHT_DUPLICATE, cpu, &handle) !=
            OK) {
            handle = 0;
        }
        uint32_t old = __atomic_exchange_n(place, handle, __ATOMIC_SEQ_CST);
        if (old != 0 && handle_close(&table, old) != OK) {
            host_fail(__FILE__, __LINE__, "an open handle does not close");
        }
        handle = __atomic_load_n(&shared[random >> 50 & 63], __ATOMIC_SEQ_CST);
        if (handle != 0 &&
            handle_find(&table, handle, OBJECT_REPLY, RIGHT_SEND, &object, NULL) == OK) {
            object_release(object);
        }
    }
}

HOST_TEST(HHT0009, "four CPUs use one table at once, and every handle is counted out at the end")
{
    host_cpus_create(CPUS);
    start(80);
    host_cpus_run(CPUS, hammer);
    uint32_t left = 0;
    for (unsigned i = 0; i < array_length(shared); i++) {
        left += shared[i] != 0;
    }
    host_equal(table.open, left);
    host_equal(object_handle_count(&objects[1].object), left);
    handle_table_destroy(&table);
    host_equal(object_handle_count(&objects[1].object), 0);
    host_equal(objects[1].object.references, 1);
}
