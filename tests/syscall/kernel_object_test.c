/* System calls of the kernel's own objects: log, information, interrupt lines, I/O ports. */
#include "kernel/syscall/kernel_objects.h"

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/console/log_ring.h"
#include "kernel/ipc/notification.h"
#include "lib/error.h"
#include "lib/information.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

static struct script script;
static unsigned seen;

static void line_look(void *text, enum log_level level maybe_unused, const char *line)
{
    seen += strstr(line, text) != NULL;
}

TEST(SYS0030, "a line from user mode reaches the log; one that is too long or not there does not",
     ALWAYS)
{
    if (!script_begin(3)) {
        return;
    }
    uint32_t handle;
    test_equal(handle_open(&script_handles, kernel_object_log(), RIGHT_WRITE, 0, &handle), OK);
    static const char text[] = "a line\x1b[2J from user mode";
    memcpy((void *)((volatile char *)user_world_data(&script_world) + 0xc00), text, sizeof(text));
    test_equal(script_call(SYSCALL_log_write, handle, USER_WORLD_DATA + 0xc00, sizeof(text) - 1),
               OK);
    seen = 0;
    log_each(LOG_INFO, line_look, "a line?[2J from user mode");
    test_equal(seen, 1);
    test_equal(script_call(SYSCALL_log_write, handle, USER_WORLD_DATA, LOG_WRITE_BYTES_MAX + 1),
               ERROR_TOO_LONG);
    test_equal(script_call(SYSCALL_log_write, handle, USER_WORLD_DATA, UINT64_MAX), ERROR_TOO_LONG);
    test_equal(script_call(SYSCALL_log_write, handle, 0x10000, 1), ERROR_FAULT);
    test_equal(script_call(SYSCALL_log_write, handle, (uintptr_t)text, 1), ERROR_FAULT);
    test_equal(script_call(SYSCALL_log_write, handle, USER_WORLD_TOP - 10, 11), ERROR_FAULT);
    test_equal(script_call(SYSCALL_log_write, handle, UINT64_MAX - 10, 100), ERROR_FAULT);
    script_end();
}

TEST(SYS0031, "figures of the system are read, as many bytes as there is room for", ALWAYS)
{
    if (!script_begin(3)) {
        return;
    }
    uint32_t handle;
    struct information information;
    volatile uint8_t *page = (volatile uint8_t *)user_world_data(&script_world);
    test_equal(handle_open(&script_handles, kernel_object_information(), RIGHT_READ, 0, &handle),
               OK);
    test_equal(script_call(SYSCALL_information_read, handle, USER_WORLD_DATA + 0xc00, 4096),
               sizeof(information));
    memcpy(&information, (const void *)(page + 0xc00), sizeof(information));
    test_equal(information.version, INFORMATION_VERSION);
    test_equal(information.bytes, sizeof(information));
    test_equal(information.cpus, cpu_online_count());
    test_equal(information.frames_total, frame_total_count());
    test_equal(information.system_calls, syscall_count);
    test_check(information.clock_ns <= clock_now_ns() && information.threads > 2);
    page[0xc04] = 0x77;
    test_equal(script_call(SYSCALL_information_read, handle, USER_WORLD_DATA + 0xc00, 4), 4);
    test_equal(page[0xc04], 0x77);
    test_equal(script_call(SYSCALL_information_read, handle, 0, 8), ERROR_FAULT);
    test_equal(script_call(SYSCALL_information_read, handle, DIRECT_MAP_BASE, 8), ERROR_FAULT);
    test_equal(script_call(SYSCALL_information_read, handle, USER_WORLD_CODE, 8), ERROR_FAULT);
    script_end();
}

TEST(SYS0032, "interrupt objects are made for lines that are free, by those who may", ALWAYS)
{
    if (!script_begin(4)) {
        return;
    }
    uint32_t system, notification, cannot;
    struct notification *made;
    test_equal(notification_create(&made), OK);
    test_equal(handle_open(&script_handles, kernel_object_system(), RIGHT_MANAGE, 0, &system), OK);
    test_equal(handle_open(&script_handles, &made->object, RIGHT_SEND, 0, &notification), OK);
    test_equal(handle_open(&script_handles, &made->object, RIGHT_RECEIVE, 0, &cannot), OK);
    script_clear(&script, 0);
    script_add(&script, SYSCALL_interrupt_create, system, 16, notification, 1, 0, 0);
    script_add(&script, SYSCALL_interrupt_create, system, 1UL << 32, notification, 1, 0, 0);
    script_add(&script, SYSCALL_interrupt_create, system, 7, cannot, 1, 0, 0);
    script_add(&script, SYSCALL_interrupt_create, system, 7, system, 1, 0, 0);
    script_add(&script, SYSCALL_interrupt_create, system, 7, notification, 1, 0, 0);
    script_add(&script, SYSCALL_interrupt_create, system, 7, notification, 1, 0, 0);
    script_add(&script, SYSCALL_interrupt_create, system, 6, notification, 1, 0, 0);
    script_start(&script);
    script_join(&script);
    const int expected[] = {ERROR_RANGE, ERROR_RANGE, ERROR_NO_RIGHT, ERROR_WRONG_TYPE};
    for (unsigned i = 0; i < array_length(expected); i++) {
        test_equal((int64_t)script.calls[i].rax, expected[i]);
    }
    int64_t handle = (int64_t)script.calls[4].rax;
    if (handle != ERROR_NOT_FOUND) { /* a machine without an I/O APIC */
        test_check(handle > 0);
        test_equal((int64_t)script.calls[5].rax, ERROR_EXISTS);
        test_equal((int64_t)script.calls[6].rax, ERROR_QUOTA);
        test_equal(script_call(SYSCALL_interrupt_acknowledge, (uint64_t)handle, 0, 0), OK);
        test_equal(script_call(SYSCALL_handle_close, (uint64_t)handle, 0, 0), OK);
    }
    test_equal(handle_close(&script_handles, notification), OK);
    test_equal(made->object.references, 2); /* one handle, and this test's */
    object_release(&made->object);
    script_end();
}

TEST(SYS0033, "I/O ports are reached within the range and the rights of the handle, not beyond",
     ALWAYS)
{
    if (!script_begin(3)) {
        return;
    }
    uint32_t all;
    test_equal(handle_open(&script_handles, kernel_object_ports(), RIGHTS_ALL, 0, &all), OK);
    script_clear(&script, 0);
    script_add(&script, SYSCALL_ports_create, all, 0x70, 2, RIGHT_READ | RIGHT_DUPLICATE, 0, 0);
    script_add(&script, SYSCALL_ports_create, all, 0x10000, 1, RIGHT_READ, 0, 0);
    script_add(&script, SYSCALL_ports_create, all, 0x70, 0, RIGHT_READ, 0, 0);
    script_add(&script, SYSCALL_ports_create, all, 0x70, 2, 0x100, 0, 0);
    script_add(&script, SYSCALL_port_write, all, 0x70, 1, 0x0b, 0, 0);
    script_add(&script, SYSCALL_port_write, all, 0x70, 1, 0x100, 0, 0);
    script_start(&script);
    script_join(&script);
    int64_t part = (int64_t)script.calls[0].rax;
    test_check(part > 0);
    const int expected[] = {ERROR_RANGE, ERROR_RANGE, ERROR_INVALID, OK, ERROR_INVALID};
    for (unsigned i = 0; i < array_length(expected); i++) {
        test_equal((int64_t)script.calls[i + 1].rax, expected[i]);
    }
    script_clear(&script, 0);
    script_add(&script, SYSCALL_port_read, (uint64_t)part, 0x71, 1, 0, 0, 0);
    script_add(&script, SYSCALL_port_read, (uint64_t)part, 0x72, 1, 0, 0, 0);
    script_add(&script, SYSCALL_port_read, (uint64_t)part, 0x71, 3, 0, 0, 0);
    script_add(&script, SYSCALL_port_write, (uint64_t)part, 0x70, 1, 0, 0, 0);
    script_add(&script, SYSCALL_ports_create, (uint64_t)part, 0x70, 1, RIGHT_WRITE, 0, 0);
    script_add(&script, SYSCALL_ports_create, (uint64_t)part, 0x70, 3, RIGHT_READ, 0, 0);
    script_add(&script, SYSCALL_ports_create, (uint64_t)part, 0x70, 1, RIGHT_READ, 0, 0);
    script_add(&script, SYSCALL_ports_create, all, 0x70, 1, RIGHT_READ, 0, 0);
    script_start(&script);
    script_join(&script);
    test_equal(script.calls[0].rax & 2, 2); /* status register B: 24-hour mode */
    test_equal(script.calls[0].rax >> 8, 0);
    const int beyond[] = {ERROR_RANGE, ERROR_INVALID, ERROR_NO_RIGHT, ERROR_NO_RIGHT, ERROR_RANGE};
    for (unsigned i = 0; i < array_length(beyond); i++) {
        test_equal((int64_t)script.calls[i + 1].rax, beyond[i]);
    }
    test_check((int64_t)script.calls[6].rax > 0);
    test_equal((int64_t)script.calls[7].rax, ERROR_QUOTA);
    script_end();
}
