/* Handle tables in the kernel: all CPUs at once, and a full table that is closed. */
#include "kernel/object/handle_table.h"

#include "arch/x86_64/cpu/percpu.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define PLACES 64
#define ROUNDS 400

static uint32_t destroyed, lasts, handles_opened;

struct thing {
    struct object object;
    uint64_t pattern;
};

static void thing_opened(struct object *object maybe_unused, unsigned rights)
{
    test_equal(rights, RIGHTS_ALL);
    test_count(&handles_opened);
}

static void thing_closed(struct object *object maybe_unused, unsigned rights maybe_unused,
                         bool last)
{
    if (last) {
        test_count(&lasts);
    }
}

static void thing_destroy(struct object *object)
{
    struct thing *thing = container_of(object, struct thing, object);
    test_equal(thing->pattern, 0x7468696e67UL);
    thing->pattern = 0;
    kfree(thing);
    test_count(&destroyed);
}

static const struct object_operations thing_operations = {
    .opened = thing_opened, .closed = thing_closed, .destroy = thing_destroy};

/* Opens a handle to a new thing that nothing else refers to. Returns 0 if it cannot. */
static uint32_t thing_open(struct handle_table *table, uint64_t badge)
{
    void *memory;
    uint32_t handle = 0;
    int error = kmalloc(sizeof(struct thing), &memory);
    test_equal(error, OK);
    if (error != OK) {
        return 0;
    }
    struct thing *thing = memory;
    object_init(&thing->object, OBJECT_NOTIFICATION, &thing_operations);
    thing->pattern = 0x7468696e67UL;
    test_equal(handle_open(table, &thing->object, RIGHTS_ALL, badge, &handle), OK);
    object_release(&thing->object);
    return handle;
}

static struct handle_table table;
static uint32_t places[PLACES];
static uint32_t opened;

static void hammer(unsigned cpu)
{
    uint64_t random = cpu + 1, end_ns = test_hammer_end();
    for (unsigned i = 0; i < ROUNDS && test_hammer_goes_on(end_ns); i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t handle = thing_open(&table, i);
        test_count(&opened);
        uint32_t old = __atomic_exchange_n(&places[random >> 58], handle, __ATOMIC_SEQ_CST);
        if (old != 0) {
            test_equal(handle_close(&table, old), OK);
        }
        handle = __atomic_load_n(&places[random >> 50 & (PLACES - 1)], __ATOMIC_SEQ_CST);
        struct object *object;
        if (handle != 0 &&
            handle_find(&table, handle, OBJECT_NOTIFICATION, RIGHT_SEND, &object, NULL) == OK) {
            test_equal(container_of(object, struct thing, object)->pattern, 0x7468696e67UL);
            object_release(object);
        }
    }
}

TEST(HDL0001, "CPUs open, find and close handles of one table at once, and each object ends once",
     ALWAYS)
{
    handle_table_init(&table, 1000);
    destroyed = lasts = opened = handles_opened = 0;
    for (unsigned i = 0; i < PLACES; i++) {
        places[i] = 0;
    }
    test_on_each_cpu(hammer);
    test_check(opened > 0);
    handle_table_destroy(&table);
    test_equal(destroyed, opened);
    test_equal(lasts, opened);
    test_equal(handles_opened, opened);
}

TEST(HDL0002, "a full table of handles to as many objects is closed, and every object ends", ALWAYS)
{
    handle_table_init(&table, HANDLES_MAX);
    destroyed = lasts = opened = handles_opened = 0;
    while (opened < HANDLES_MAX && thing_open(&table, opened) != 0) {
        opened++;
    }
    test_equal(opened, HANDLES_MAX);
    test_equal(table.open, HANDLES_MAX);
    handle_table_destroy(&table);
    test_equal(destroyed, HANDLES_MAX);
    test_equal(lasts, HANDLES_MAX);
}
