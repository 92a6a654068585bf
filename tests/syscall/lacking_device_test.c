/*
 * Calls that need a device, on machines with it and without: tests/boot/lacking_devices.py has those
 * without. No test is skipped on either, because a machine without a console tells only its status.
 */
#include "arch/x86_64/apic/ioapic.h"
#include "arch/x86_64/dev/serial.h"
#include "kernel/console/console_devices.h"
#include "kernel/ipc/notification.h"
#include "kernel/syscall/kernel_objects.h"
#include "lib/error.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

#define PRINTER_LINE 7 /* the kernel does not use it */

static struct script script;
static struct notification *notification;
static uint32_t system_handle, signal_handle;

/* Makes a table with handles to the system and to a notification, and room for another one. */
static bool begin(unsigned rights)
{
    if (!script_begin(3)) {
        return false;
    }
    int error = notification_create(&notification);
    test_equal(error, OK);
    if (error != OK) {
        script_end();
        return false;
    }
    test_equal(handle_open(&script_handles, kernel_object_system(), rights, 0, &system_handle), OK);
    test_equal(handle_open(&script_handles, &notification->object, RIGHTS_ALL, 0, &signal_handle),
               OK);
    script_clear(&script, 0);
    return true;
}

/* Makes the calls of the script, of which the first one may have opened a handle: closes it. */
static int64_t first_result(void)
{
    script_start(&script);
    script_join(&script);
    int64_t result = (int64_t)script.calls[0].rax;
    if (result > 0) {
        test_equal(script_call(SYSCALL_handle_close, (uint64_t)result, 0, 0), OK);
    }
    return result;
}

static void end(void)
{
    test_equal(handle_close(&script_handles, system_handle), OK);
    test_equal(notification->object.references, 2); /* the handle's, and this test's */
    test_equal(handle_close(&script_handles, signal_handle), OK);
    object_release(&notification->object);
    script_end();
}

TEST(SYS0100, "a program gets the console only of a machine that has a serial port or a screen",
     ALWAYS)
{
    bool is_there = serial_present() || console_display()->kind != FRAMEBUFFER_NONE;
    if (!begin(RIGHT_WRITE)) {
        return;
    }
    script_add(&script, SYSCALL_console_take, system_handle, signal_handle, 1, 2, 4, 0);
    int64_t result = first_result();
    if (is_there) {
        test_check(result > 0);
    } else {
        test_equal(result, ERROR_NOT_FOUND);
    }
    end();
}

TEST(SYS0101, "a program gets the interrupts only of a line that an I/O APIC serves", ALWAYS)
{
    uint32_t gsi;
    int error = ioapic_route_isa(PRINTER_LINE, VECTOR_SPURIOUS, 0, &gsi);
    if (error == OK) {
        ioapic_mask(gsi);
    } else {
        test_equal(error, ERROR_NOT_FOUND);
    }
    if (!begin(RIGHT_MANAGE)) {
        return;
    }
    script_add(&script, SYSCALL_interrupt_create, system_handle, PRINTER_LINE, signal_handle, 1, 0,
               0);
    int64_t result = first_result();
    if (error == OK) {
        test_check(result > 0);
    } else {
        test_equal(result, ERROR_NOT_FOUND);
    }
    end();
}
