/*
 * The serial port in the hands of a program. While it is there the report of the tests goes to the
 * program too, so each test gives the port back before it judges.
 */
#include "kernel/console/console_handover.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/dev/serial.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "kernel/console/console_output.h"
#include "kernel/ipc/console_object.h"
#include "kernel/syscall/kernel_objects.h"
#include "kernel/task/task.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

#define TEXT_BIT      1
#define INTERRUPT_BIT 2
#define CHANGE_BIT    4
#define TEXT_BYTES    8000

static char text[TEXT_BYTES];
static size_t text_used;
static struct notification *notification;
static struct console_object *console;
static uint64_t first_bits; /* that the notification got at once */

static bool begin(void)
{
    text_used = 0;
    if (notification_create(&notification) != OK) {
        test_fail(__FILE__, __LINE__, "there is no memory for a notification");
        return false;
    }
    int error = console_object_create(notification, TEXT_BIT, INTERRUPT_BIT, CHANGE_BIT, &console);
    if (error == ERROR_NOT_FOUND) {
        test_skip("there is no serial port");
    } else {
        test_equal(error, OK);
    }
    if (error != OK) {
        object_release(&notification->object);
        return false;
    }
    first_bits = 0;
    ignore_result(notification_wait(notification, 0, &first_bits)); /* the tests check the bits */
    return true;
}

static void end(void)
{
    console_object_end(console);
    object_release(&console->object);
    object_release(&notification->object);
    text[text_used] = '\0';
}

/*
 * Takes up to `bytes` bytes of text as a server does. Returns how many, or an error. The kernel, which
 * takes text too while it has the port, must not do so between.
 */
static int64_t text_take(char *to, size_t bytes)
{
    uint32_t place = 0;
    int64_t taken = console_handover_peek(to, bytes, &place);
    if (taken > 0) {
        test_check(console_handover_drop(place, (size_t)taken));
    }
    return taken;
}

/* Waits for a bit, and says whether it came. Bits that come with it are not kept. */
static bool bit_comes(uint64_t wanted)
{
    uint64_t bits = 0, until = clock_now_ns() + SELFTEST_EVENTUALLY_NS;
    while ((bits & wanted) == 0 && notification_wait(notification, until, &bits) == OK) {
    }
    return (bits & wanted) != 0;
}

/* Takes text until `words` are in it, as a server would. Says whether they came. */
static bool text_comes(const char *words)
{
    do {
        int64_t taken = text_take(text + text_used, TEXT_BYTES - 1 - text_used);
        text_used += taken > 0 ? (size_t)taken : 0;
        text[text_used] = '\0';
        if (strstr(text, words) != NULL) {
            return true;
        }
    } while (text_used < TEXT_BYTES - 1 && bit_comes(TEXT_BIT));
    return false;
}

TEST(CON0040, "while a program has the serial port it gets the kernel's text, whole and in order",
     ALWAYS)
{
    if (!begin()) {
        return;
    }
    bool lent = serial_is_lent();
    log_info("the first line for the server");
    bool first = text_comes("the first line for the server\r\n");
    console_print("and text %u of another kind\n", 2U);
    bool second = text_comes("and text 2 of another kind\r\n");
    int other = console_handover_begin();
    end();
    test_check(lent && first && second);
    test_equal(other, ERROR_EXISTS);
    test_check(!serial_is_lent());
    test_check(strstr(strstr(text, "the first line"), "and text 2") != NULL);
}

TEST(CON0041, "text that the program did not take is shown by the kernel, which says what happened",
     ALWAYS)
{
    static char line[] = "nobody takes this line";
    if (!begin()) {
        return;
    }
    log_info("%s", line);
    bool came = bit_comes(TEXT_BIT);
    bool kept = handover_ring_waits(&console_handover_ring);
    end();
    test_check(came && kept);
    test_eventually(!handover_ring_waits(&console_handover_ring), "the text is still not shown");
    int64_t taken = text_take(text, sizeof(text));
    test_equal(taken, ERROR_AGAIN);
}

TEST(CON0042, "the monitor gets the port back while it wants it, and the program is told", ALWAYS)
{
    if (!begin()) {
        return;
    }
    console_handover_pause();
    bool told = bit_comes(CHANGE_BIT), lent = serial_is_lent();
    int64_t taken = text_take(text, sizeof(text));
    bool resumed = console_handover_resume();
    bool told_again = bit_comes(CHANGE_BIT), lent_again = serial_is_lent();
    bool twice = console_handover_resume();
    log_info("a line after the monitor");
    bool line = text_comes("a line after the monitor");
    end();
    test_check(told && !lent && told_again && lent_again && resumed && !twice && line);
    test_equal(taken, ERROR_AGAIN);
}

TEST(CON0043, "an interrupt of the port reaches the program that has it", ALWAYS)
{
    if (!begin()) {
        return;
    }
    uint64_t flags = interrupts_save();
    serial_interrupt();
    interrupts_restore(flags);
    bool came = bit_comes(INTERRUPT_BIT);
    end();
    test_check(came);
}

TEST(CON0044, "a program that takes nothing loses text, and the kernel goes on", ALWAYS)
{
    if (!begin()) {
        return;
    }
    uint64_t lost = console_handover_ring.lost;
    for (unsigned i = 0; i < 3 * HANDOVER_RING_BYTES / 64; i++) {
        console_print("%60u\n", i);
        if (i % 16 == 15) {
            ignore_result(
                thread_sleep_ns(1000000)); /* the ring before this one must not overflow */
        }
    }
    for (unsigned i = 0; i < 1000 && console_output_waits(); i++) {
        ignore_result(thread_sleep_ns(1000000));
    }
    bool waits = console_output_waits();
    uint64_t lost_then = console_handover_ring.lost;
    while (text_take(text, sizeof(text)) > 0) { /* it need not be shown later */
    }
    end();
    test_check(!waits);
    test_check(lost_then > lost);
}

TEST(CON0045, "when the task that has the port is killed the kernel has it again", ALWAYS)
{
    static const struct task_options options = {.name = "server"};
    struct task *task;
    uint32_t handle;
    int status;

    if (task_create(&options, &task) != OK) {
        test_fail(__FILE__, __LINE__, "there is no memory for a task");
        return;
    }
    if (begin()) {
        int error = handle_open(&task->handles, &console->object, RIGHTS_ALL, 0, &handle);
        bool lent = serial_is_lent();
        task_kill(task, -7);
        int ended = task_wait(task, SELFTEST_EVENTUALLY_NS, &status);
        bool lent_then = serial_is_lent();
        end();
        test_equal(error, OK);
        test_equal(ended, OK);
        test_check(lent && !lent_then);
    } else {
        task_kill(task, 0);
        test_equal(task_wait(task, SELFTEST_EVENTUALLY_NS, &status), OK);
    }
    object_release(&task->object);
}

static void tell_nobody(enum console_handover_event event maybe_unused)
{
}

TEST(CON0046, "a program that takes the port is told of text that came before it could be told",
     ALWAYS)
{
    void (*told)(enum console_handover_event event) = console_handover_told;

    console_handover_told = tell_nobody; /* as between the hand-over and the note of the object */
    bool begun = begin();
    console_handover_told = told;
    if (begun) {
        end();
        test_check((first_bits & TEXT_BIT) != 0);
    }
}

TEST(CON0047, "text that two readers copied is removed once", ALWAYS)
{
    uint32_t first, second;

    if (!begin()) {
        return;
    }
    console_print("\n# a line for two readers\n"); /* the byte that is removed ends an empty line */
    bool came = bit_comes(TEXT_BIT);
    test_eventually(handover_ring_waits(&console_handover_ring), "the line does not come");
    int64_t one = console_handover_peek(text, 1, &first);
    int64_t other = console_handover_peek(text + 1, 1, &second);
    bool dropped = console_handover_drop(first, 1), again = console_handover_drop(second, 1);
    text_used = 2;
    end();
    test_check(came && one == 1 && other == 1 && text[0] == text[1]);
    test_check(dropped && !again);
}

TEST(SYS0071, "a program takes the serial port by a handle, once, and reads text into its memory",
     ALWAYS)
{
    static struct script script;
    uint32_t system, signal;

    if (!serial_present()) {
        test_skip("there is no serial port");
        return;
    }
    if (!script_begin(3)) {
        return;
    }
    if (notification_create(&notification) != OK) {
        test_fail(__FILE__, __LINE__, "there is no memory for a notification");
        script_end();
        return;
    }
    int error = handle_open(&script_handles, kernel_object_system(), RIGHT_WRITE, 0, &system);
    error = error != OK
                ? error
                : handle_open(&script_handles, &notification->object, RIGHTS_ALL, 0, &signal);
    script_clear(&script, 0);
    script_add(&script, SYSCALL_console_take, system, signal, 1, 2, 4, 0);
    script_handles.limit = 2; /* no room for the handle to the console */
    script_start(&script);
    script_join(&script);
    script_handles.limit = 3;
    int64_t full = (int64_t)script.calls[0].rax;
    bool lent_in_vain = serial_is_lent();
    script_clear(&script, 0);
    script_add(&script, SYSCALL_console_take, system, signal, 1, 2, 4, 0);
    script_add(&script, SYSCALL_console_take, system, signal, 1, 2, 4, 0);
    script_start(&script);
    script_join(&script);
    uint64_t handle = script.calls[0].rax;
    int64_t second = (int64_t)script.calls[1].rax;
    bool told = bit_comes(TEXT_BIT); /* at once */
    log_info("a line for a program");
    bool came = told && bit_comes(TEXT_BIT);
    int64_t bad = script_call(SYSCALL_console_read, handle, DIRECT_MAP_BASE, 100);
    uint32_t place;
    int64_t left = console_handover_peek(text, sizeof(text) - 1, &place);
    text[left > 0 ? left : 0] = '\0';
    bool kept = strstr(text, "a line for a program") != NULL;
    log_info("another line");
    bool again = bit_comes(TEXT_BIT);
    int64_t bytes = script_call(SYSCALL_console_read, handle, USER_WORLD_STACK, 400);
    console_handover_pause(); /* as the monitor does */
    int64_t paused = script_call(SYSCALL_console_read, handle, USER_WORLD_STACK, 400);
    bool resumed = console_handover_resume();
    script_clear(&script, 0);
    script_add(&script, SYSCALL_handle_close, handle, 0, 0, 0, 0, 0);
    script_add(&script, SYSCALL_console_read, handle, USER_WORLD_STACK, 100, 0, 0, 0);
    script_start(&script);
    script_join(&script);
    bool lent = serial_is_lent();
    test_equal(error, OK);
    test_check((int64_t)handle > 0);
    test_equal(full, ERROR_QUOTA);
    test_check(!lent_in_vain);
    test_equal(second, ERROR_EXISTS);
    test_equal(paused, ERROR_AGAIN);
    test_check(resumed);
    test_check(came && again && bytes > 0 && bytes <= 400 && !lent);
    test_equal(bad, ERROR_FAULT);
    test_check(kept); /* a read that faults loses no text */
    test_equal((int64_t)script.calls[1].rax, ERROR_CLOSED_HANDLE);
    test_equal(handle_close(&script_handles, system), OK);
    test_equal(handle_close(&script_handles, signal), OK);
    object_release(&notification->object);
    script_end();
}

TEST(SYS0072,
     "the program that has the console learns of its devices, and gets the screen's memory", ALWAYS)
{
    const struct console_devices *devices;
    uint32_t handle;
    int64_t bad, memory, full;

    if (!script_begin(4)) {
        return;
    }
    if (!begin()) {
        script_end();
        return;
    }
    int error = handle_open(&script_handles, &console->object, RIGHT_READ, 0, &handle);
    bad = script_call(SYSCALL_console_describe, handle, DIRECT_MAP_BASE, 0);
    memory = script_call(SYSCALL_console_describe, handle, USER_WORLD_STACK, 0);
    full = memory;
    for (unsigned i = 0; i < 4 && full > 0; i++) {
        full = script_call(SYSCALL_console_describe, handle, USER_WORLD_STACK, 0);
    }
    test_equal(handle_close(&script_handles, handle), OK);
    end();
    devices = (const void *)(uintptr_t)user_world_stack(&script_world);
    test_equal(error, OK);
    test_equal(bad, ERROR_FAULT);
    test_equal(devices->has_serial, serial_present());
    test_check(memory >= 0 && (memory > 0) == (devices->display.kind != FRAMEBUFFER_NONE));
    test_check(devices->display.address < PAGE_BYTES);
    test_equal(full, memory > 0 ? ERROR_QUOTA : 0);
    script_end();
}

TEST(PAN0082, "a panic takes the serial port back from the program that has it", DEATH)
{
    if (begin()) {
        log_info("a line that the program did not take");
        ignore_result(bit_comes(TEXT_BIT));
        panic("the test's own panic, while a program has the serial port");
    }
}
