/* The monitor's table of commands; its help must fit the screen. */
#include "kernel/monitor/monitor.h"
#include "kernel/monitor/page_table_dump.h"
#include "kernel/object/handle_table.h"
#include "kernel/syscall/kernel_objects.h"
#include "lib/string.h"
#include "tests/support/threads.h"
#include "tests/support/user_world.h"
#include "tests/test.h"

TEST(MON0005, "every command has a name, a line of help and a function, and names differ", ALWAYS)
{
    unsigned commands = 0;
    for (const struct monitor_command *command = monitor_command_after(""); command != NULL;
         command = monitor_command_after(command->name)) {
        commands++;
        test_check(command->run != NULL);
        test_check(strlen(command->name) > 0 && strlen(command->help) > 10);
        size_t left = strlen(command->name) + 1 + strlen(command->arguments);
        size_t line = 2 + (left < 25 ? 25 : left + 1) + strlen(command->help);
        if (line > 79) {
            test_fail(__FILE__, __LINE__, "the help of %s takes %zu columns", command->name, line);
        }
        test_check(monitor_command_find(command->name) == command);
    }
    test_check(commands >= 5);
    test_check(monitor_command_find("") == NULL);
    test_check(monitor_command_find("hel") == NULL);
}

static unsigned handles_seen;

/* What the command `handles` does for each handle. */
static void table_walk(struct handle_table *table)
{
    struct handle_value value;
    uint32_t index = 0, handle, last = 0;
    handles_seen = 0;
    while (handle_table_next(table, &index, &handle, &value)) {
        struct object *object;
        test_equal(handle_find(table, handle, OBJECT_ANY, value.rights, &object, NULL), OK);
        test_check(object == value.object);
        test_check((handle & (HANDLES_MAX - 1)) >= last);
        last = handle & (HANDLES_MAX - 1);
        object_release(object);
        object_release(value.object);
        handles_seen++;
    }
}

TEST(MON0010, "a walk over a table of handles meets each handle that is open, and no other", ALWAYS)
{
    enum { HANDLES = 150 };
    static struct handle_table table;
    static uint32_t handles[HANDLES];
    unsigned opened = 0;

    handle_table_init(&table, HANDLES);
    table_walk(&table);
    test_equal(handles_seen, 0);
    while (opened < HANDLES &&
           handle_open(&table, kernel_object_log(), RIGHT_READ, opened, &handles[opened]) == OK) {
        opened++;
    }
    table_walk(&table);
    test_equal(handles_seen, opened);
    for (unsigned i = 0; i < opened; i += 3) {
        test_equal(handle_close(&table, handles[i]), OK);
    }
    table_walk(&table);
    test_equal(handles_seen, opened - (opened + 2) / 3);
    handle_table_destroy(&table);
}

/* Loads page tables of a program, or with NULL the kernel's own. */
static void tables_load(struct user_tables *tables)
{
    uint64_t flags = interrupts_save();
    user_tables_load(tables);
    interrupts_restore(flags);
}

static bool code_find(void *context, const struct page_range *range)
{
    bool *found = context;
    *found = *found || USER_WORLD_CODE - range->start < range->bytes;
    return true;
}

TEST(MON0011, "the list of the kernel's mappings has none of a program whose tables are loaded",
     ALWAYS)
{
    static struct user_world world;
    bool found = false;
    if (!user_world_create(&world)) {
        return;
    }
    test_thread_bind(0, THREAD_PRIORITY_DEFAULT); /* other threads of the kernel load no tables */
    tables_load(&world.tables);
    page_table_dump(0, code_find, &found);
    tables_load(NULL);
    test_thread_unbind();
    test_check(!found);
    user_world_destroy(&world);
}
