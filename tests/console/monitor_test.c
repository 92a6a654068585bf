/* The monitor's table of commands; its help must fit the screen. */
#include "kernel/monitor/monitor.h"
#include "kernel/monitor/page_table_dump.h"
#include "kernel/monitor/stack_cell.h"
#include "kernel/object/handle_table.h"
#include "kernel/syscall/kernel_objects.h"
#include "lib/string.h"
#include "sched/sync/semaphore.h"
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

/* A thread that sleeps so many bytes deep. */
static struct {
    struct semaphore over;
    uintptr_t floor; /* it sleeps below this address */
    uintptr_t deepest;
} sleeper;

static never_inline void sleeper_descend(void)
{
    volatile char frame[256];

    frame[0] = 1;
    if ((uintptr_t)frame > sleeper.floor) {
        sleeper_descend();
    } else {
        sleeper.deepest = (uintptr_t)frame;
        semaphore_down(&sleeper.over);
    }
    frame[1] = 1; /* no tail call */
}

static void sleeper_run(void *argument)
{
    sleeper.floor = stack_top(thread_current()->slot) - *(const size_t *)argument;
    sleeper_descend();
}

/* Returns the number that a hexadecimal digit stands for, else a number that no digit does. */
static unsigned kib_of(char digit)
{
    return digit >= '0' && digit <= '9'   ? (unsigned)(digit - '0')
           : digit >= 'a' && digit <= 'f' ? (unsigned)(digit - 'a' + 10)
                                          : 16;
}

TEST(MON0072, "stacks live shows how deep each sleeping thread is, in KiB", ALWAYS)
{
    static const size_t depths[] = {0, 5 * 1024, 12 * 1024};

    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        semaphore_init(&sleeper.over, 0);
        struct thread *thread =
            test_thread_start(THREAD_PRIORITY_DEFAULT, 0, sleeper_run, (void *)&depths[i]);
        if (thread != NULL && test_wait_blocked(thread)) {
            size_t used = stack_top(thread->slot) - sleeper.deepest;
            unsigned kib = kib_of(stack_cell_kib(thread));
            test_check(kib == used / 1024 || kib == used / 1024 + 1); /* the sleep's own frames */
            test_check(kib >= depths[i] / 1024);
        }
        semaphore_up(&sleeper.over);
        test_thread_join(thread);
    }
}

TEST(MON0073, "stacks live marks the stacks that have more pages than in its last map", ALWAYS)
{
    test_equal(stack_cell_pages('1', '1'), '1');
    test_equal(stack_cell_pages('2', '1'), 'b');
    test_equal(stack_cell_pages('4', '1'), 'd');
    test_equal(stack_cell_pages('1', '4'), '1');
    test_equal(stack_cell_pages('4', '.'), '4'); /* a new stack has not grown */
    test_equal(stack_cell_pages('4', 'c'), '4');
    test_equal(stack_cell_pages('s', '4'), 's');
    test_equal(stack_cell_pages('.', '4'), '.');
}
