/* What information_list() and log_read() give: all of it, whole, and nothing of the kernel's. */
#include "lib/information.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/console/log_ring.h"
#include "kernel/information/counters.h"
#include "kernel/information/information.h"
#include "kernel/syscall/kernel_objects.h"
#include "lib/error.h"
#include "lib/string.h"
#include "sched/core/thread_list.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define BUFFER_AT (USER_WORLD_STACK + 0x200) /* in user memory; the stack above it is short */
#define BUFFER    3000

static uint32_t handle;

static bool begin(struct object *object, unsigned rights)
{
    if (!script_begin(4)) {
        return false;
    }
    test_equal(handle_open(&script_handles, object, rights, 0, &handle), OK);
    return true;
}

static void end(void)
{
    test_equal(handle_close(&script_handles, handle), OK);
    script_end();
}

static const void *buffer(void)
{
    return (const char *)(uintptr_t)user_world_stack(&script_world) + 0x200;
}

static int64_t call_with(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                         uint64_t e)
{
    static struct script script;
    script_clear(&script, 0);
    script_add(&script, number, a, b, c, d, e, 0);
    script_start(&script);
    script_join(&script);
    return (int64_t)script.calls[0].rax;
}

static int64_t list(uint64_t kind, uint64_t from, size_t bytes)
{
    return call_with(SYSCALL_information_list, handle, kind, from, BUFFER_AT, bytes);
}

/* No record may hold a word that could be an address of the kernel. */
static void check_no_address(size_t bytes)
{
    for (size_t at = 0; at + sizeof(uint64_t) <= bytes; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, (const char *)buffer() + at, sizeof(word));
        test_check(word < DIRECT_MAP_BASE || word == SIZE_MAX);
    }
}

TEST(INF0001, "lists of information come whole, and a wrong kind or a bad address is refused",
     ALWAYS)
{
    if (!begin(kernel_object_information(), RIGHT_READ)) {
        return;
    }
    test_equal(list(0, 0, BUFFER), ERROR_INVALID);
    test_equal(list(INFORMATION_COUNTERS + 1, 0, BUFFER), ERROR_INVALID);
    test_equal(list(INFORMATION_CPUS, 0, sizeof(struct information_cpu) - 1), 0);
    test_equal(list(INFORMATION_CPUS, UINT64_MAX, BUFFER), 0);
    test_equal(list(INFORMATION_THREADS, UINT64_MAX, BUFFER), 0);
    test_equal(list(INFORMATION_CPUS, 0, sizeof(struct information_cpu) + 1),
               sizeof(struct information_cpu));
    static const uintptr_t bad[] = {0, DIRECT_MAP_BASE, USER_WORLD_CODE, USER_END - 8};
    for (unsigned i = 0; i < array_length(bad); i++) {
        test_equal(call_with(SYSCALL_information_list, handle, INFORMATION_CPUS, 0, bad[i], BUFFER),
                   ERROR_FAULT);
    }
    end();
}

TEST(INF0002, "the list of threads has each thread once, with its name, task and stack", ALWAYS)
{
    if (!begin(kernel_object_information(), RIGHT_READ)) {
        return;
    }
    unsigned found = 0, of_tasks = 0, running = 0;
    uint64_t from = 0;
    int64_t bytes;
    struct task *task = task_fixture_create(1);
    extern const char user_code_spin[];
    struct user_thread *user =
        task != NULL ? task_fixture_start(task, 0, user_code_spin, USER_WORLD_DATA, 0) : NULL;
    if (user != NULL) {
        volatile uint64_t *data = task_fixture_data(task);
        test_eventually(data[0] != 0, "the thread does not run");
    }
    uint32_t last =
        user != NULL ? user->id : 0; /* each call is made by a thread with a higher id */
    while (from <= last && (bytes = list(INFORMATION_THREADS, from, BUFFER)) > 0) {
        const struct information_thread *thread = buffer();
        check_no_address((size_t)bytes);
        for (int64_t at = 0; at < bytes; at += (int64_t)sizeof(*thread), thread++) {
            test_check(thread->id >= from);
            from = thread->id + 1UL;
            bool self = thread->id == thread_current()->id;
            found += self && string_equal(thread->name, thread_current()->name);
            of_tasks +=
                task != NULL && thread->task == task->id && string_equal(thread->name, "test");
            running += thread->state == INFORMATION_RUNNING;
            test_check(thread->cpu < cpu_online_count() && thread->stack_pages >= 4 &&
                       thread->stack_pages_resident <= thread->stack_pages_most);
        }
    }
    test_check(from > last);
    test_equal(found, 1);
    test_equal(of_tasks, user != NULL ? 1 : 0);
    test_check(running >= 1);
    if (task != NULL) {
        task_kill(task, 0);
        object_release(&user->object);
        object_release(&task->object);
    }
    end();
}

static unsigned tasks_seen;

static void task_see(struct task *task maybe_unused, void *context maybe_unused)
{
    tasks_seen++;
}

TEST(INF0003, "the list of tasks has each task once, more than one step of the walk visits", ALWAYS)
{
    enum { TASKS = 40 };
    static struct task *tasks[TASKS];
    static const struct task_options options = {.name = "one of many", .handles = 7, .frames = 99};
    unsigned made = 0, seen = 0;
    uint64_t from = 0;
    int64_t bytes;

    if (!begin(kernel_object_information(), RIGHT_READ)) {
        return;
    }
    while (made < TASKS && task_create(&options, &tasks[made]) == OK) {
        made++;
    }
    while ((bytes = list(INFORMATION_TASKS, from, BUFFER)) > 0) {
        const struct information_task *record = buffer();
        check_no_address((size_t)bytes);
        for (int64_t at = 0; at < bytes; at += (int64_t)sizeof(*record), record++) {
            test_check(record->id >= from);
            from = record->id + 1UL;
            seen += string_equal(record->name, "one of many") && record->handles_most == 7 &&
                    record->frames_most == 99 && record->threads == 0 && record->ending == 0;
        }
    }
    test_equal(seen, made);
    tasks_seen = 0;
    task_for_each(task_see, NULL);
    test_check(tasks_seen >= made);
    while (made > 0) {
        task_kill(tasks[--made], 0);
        object_release(&tasks[made]->object);
    }
    end();
}

TEST(INF0004, "each CPU and each counter of the list is told, with words for what it counts",
     ALWAYS)
{
    unsigned cpus = 0, counters = 0;
    int64_t bytes;

    if (!begin(kernel_object_information(), RIGHT_READ)) {
        return;
    }
    while ((bytes = list(INFORMATION_CPUS, cpus, BUFFER)) > 0) {
        const struct information_cpu *record = buffer();
        check_no_address((size_t)bytes);
        for (int64_t at = 0; at < bytes; at += (int64_t)sizeof(*record), record++) {
            test_equal(record->number, cpus++);
            test_check(record->switches > 0 && record->interrupts > 0 &&
                       record->magazine_rounds > 0);
        }
    }
    test_equal(cpus, cpu_online_count());
    while ((bytes = list(INFORMATION_COUNTERS, counters, BUFFER)) > 0) {
        const struct information_counter *record = buffer();
        for (int64_t at = 0; at < bytes; at += (int64_t)sizeof(*record), record++) {
            test_check(string_equal(record->name, counter_name(counters)));
            test_check(string_equal(record->meaning, counter_meaning(counters)));
            test_check(record->value < USER_END);
            counters++;
        }
    }
    test_equal(counters, counter_count());
    end();
}

TEST(INF0005, "CPU time is counted for the thread that runs", ALWAYS)
{
    const uint64_t before = thread_current()->run_ticks;
    const uint64_t until = clock_now_ns() + SELFTEST_EVENTUALLY_NS;
    while (thread_current()->run_ticks == before && clock_now_ns() < until) {
        cpu_pause(); /* a tick finds this thread, which does not sleep */
    }
    test_check(thread_current()->run_ticks > before);
}

TEST(LOG0021, "log_read() gives lines once, in order, and says how many were lost", ALWAYS)
{
    if (!begin(kernel_object_log(), RIGHT_READ)) {
        return;
    }
    const struct log_chunk *chunk = buffer();
    uint64_t start = log_lines_written();
    log_info("a line for the reader");
    log_info("and another one");
    test_equal(call_with(SYSCALL_log_read, handle, start, BUFFER_AT, LOG_READ_BYTES_MIN - 1, 0),
               ERROR_INVALID);
    test_equal(call_with(SYSCALL_log_read, handle, start, DIRECT_MAP_BASE, BUFFER, 0), ERROR_FAULT);
    int64_t bytes = call_with(SYSCALL_log_read, handle, start, BUFFER_AT, BUFFER, 0);
    test_check(bytes > (int64_t)sizeof(*chunk));
    test_check(chunk->next >= start + 2);
    test_equal(chunk->lost, 0);
    const char *text = (const char *)(chunk + 1);
    const char *first = strstr(text, "] a line for the reader\n");
    test_check(first != NULL && strstr(first, "] and another one\n") != NULL);
    uint64_t end_at = log_lines_written();
    bytes = call_with(SYSCALL_log_read, handle, UINT64_MAX, BUFFER_AT, BUFFER, 0);
    test_equal(bytes, sizeof(*chunk));
    test_equal(chunk->next, UINT64_MAX);
    bytes = call_with(SYSCALL_log_read, handle, 0, BUFFER_AT, LOG_READ_BYTES_MIN, 0);
    test_check(bytes > (int64_t)sizeof(*chunk) && bytes <= LOG_READ_BYTES_MIN);
    test_check(chunk->lost < end_at && chunk->next > chunk->lost);
    end();
}

TEST(SYS0070, "a handle without the right switches nothing off, and an unknown action is refused",
     ALWAYS)
{
    if (!begin(kernel_object_system(), RIGHT_WRITE)) {
        return;
    }
    test_equal(script_call(SYSCALL_system_control, handle, 0, 0), ERROR_INVALID);
    test_equal(script_call(SYSCALL_system_control, handle, UINT64_MAX, 0), ERROR_INVALID);
    end();
    if (!begin(kernel_object_system(), RIGHTS_ALL & ~(unsigned)RIGHT_WRITE)) {
        return;
    }
    test_equal(script_call(SYSCALL_system_control, handle, SYSTEM_POWER_OFF, 0), ERROR_NO_RIGHT);
    test_equal(script_call(SYSCALL_system_control, handle, SYSTEM_REBOOT, 0), ERROR_NO_RIGHT);
    end();
}

TEST(SYS0082, "records of information have no byte that the kernel has not written", ALWAYS)
{
    static uint8_t buffer[INFORMATION_SLICE_BYTES];
    for (unsigned kind = INFORMATION_TASKS; kind <= INFORMATION_COUNTERS; kind++) {
        memset(buffer, 0xee, sizeof(buffer)); /* no text, number or padding is two such bytes */
        int64_t bytes = information_records(kind, 0, buffer, sizeof(buffer));
        test_check(kind == INFORMATION_TASKS || bytes > 0);
        for (int64_t i = 1; i < bytes; i++) {
            if (buffer[i - 1] == 0xee && buffer[i] == 0xee) {
                test_fail(__FILE__, __LINE__, "kind %u: byte %ld was not written", kind, i);
                break;
            }
        }
    }
}
