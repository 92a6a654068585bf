/* Interrupt objects and I/O port ranges. */
#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/interrupt_object.h"
#include "kernel/ipc/port_range.h"
#include "kernel/syscall/kernel_objects.h"
#include "lib/error.h"
#include "tests/event/event_device.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define PIT_LINE 0
#define SHOTS    20

static uint64_t after_ms(unsigned ms)
{
    return clock_now_ns() + ms * 1000000UL;
}

TEST(IRQ0001, "a device's line signals, stays masked until acknowledged, and ends with its object",
     ALWAYS)
{
    struct notification *notification;
    struct interrupt_object *interrupt = NULL, *second;
    uint64_t bits = 0;
    test_equal(notification_create(&notification), OK);
    test_equal(interrupt_object_create(16, notification, 1, &interrupt), ERROR_RANGE);
    int error = interrupt_object_create(PIT_LINE, notification, 8, &interrupt);
    if (error == ERROR_NOT_FOUND) {
        object_release(&notification->object);
        test_skip("no I/O APIC serves the PIT's line");
        return;
    }
    test_equal(error, OK);
    test_equal(interrupt_object_create(PIT_LINE, notification, 1, &second), ERROR_EXISTS);
    unsigned late = 0;
    for (unsigned i = 0; i < SHOTS; i++) {
        event_pit_shot(200);
        test_equal(notification_wait(notification, clock_now_ns() + TEST_EVENTUALLY_NS, &bits), OK);
        test_equal(bits, 8);
        /* An edge that came while the handler of another one had not masked the line yet. */
        late += notification_wait(notification, after_ms(10), &bits) == OK;
        event_pit_shot(200); /* while the line is masked: an edge that is not delivered */
        test_equal(notification_wait(notification, after_ms(10), &bits), ERROR_TIMEOUT);
        event_pit_shot(UINT16_MAX); /* a late edge of the last count is put off for 55 ms */
        interrupt_object_acknowledge(interrupt);
    }
    test_note("%u of %u shots signalled twice before the line was masked", late, SHOTS);
    object_release(&interrupt->object);
    event_pit_shot(200); /* the line is masked for good */
    test_settle(20000000);
    event_pit_silence();
    test_equal(notification_wait(notification, WAIT_FOREVER, &bits), ERROR_PEER_DIED);
    test_equal(notification->object.references, 1);
    object_release(&notification->object);
}

TEST(PRT0001, "ports are read and written only within their range, in widths of 1, 2 and 4", ALWAYS)
{
    struct port_range *range;
    uint32_t value;
    const struct port_range *all = port_range_of(kernel_object_ports());
    test_equal(port_range_part(all, 0, 0, &range), ERROR_RANGE);
    test_equal(port_range_part(all, 0x10000, 1, &range), ERROR_RANGE);
    test_equal(port_range_part(all, 0xffff, 2, &range), ERROR_RANGE);
    test_equal(port_range_part(all, 1, UINT64_MAX, &range), ERROR_RANGE);
    test_equal(port_range_part(all, UINT64_MAX, 2, &range), ERROR_RANGE);
    test_equal(port_range_part(all, 0x70, 2, &range), OK); /* index and data of the CMOS clock */
    struct port_range *part;
    test_equal(port_range_part(range, 0x6f, 2, &part), ERROR_RANGE);
    test_equal(port_range_part(range, 0x71, 2, &part), ERROR_RANGE);
    test_equal(port_range_write(range, 0x70, 1, 0x0b), OK);
    test_equal(port_range_read(range, 0x71, 1, &value), OK);
    test_equal(value & 2, 2); /* status register B: 24-hour mode, as the firmware leaves it */
    for (uint64_t width = 0; width <= 9; width++) {
        bool is_width = width == 1 || width == 2 || width == 4;
        test_equal(port_range_read(range, 0x6f, width, &value),
                   is_width ? ERROR_RANGE : ERROR_INVALID);
        test_equal(port_range_read(range, 0x72, width, &value),
                   is_width ? ERROR_RANGE : ERROR_INVALID);
        test_equal(port_range_write(range, 0x72, width, 0), is_width ? ERROR_RANGE : ERROR_INVALID);
        test_equal(port_range_read(range, 0x10070, width, &value),
                   is_width ? ERROR_RANGE : ERROR_INVALID);
    }
    test_equal(port_range_read(range, 0x71, 2, &value), ERROR_RANGE);
    test_equal(port_range_read(range, 0x70, 4, &value), ERROR_RANGE);
    test_equal(port_range_write(range, 0x70, 1, 0x100), ERROR_INVALID);
    test_equal(port_range_write(range, 0x70, 2, 0x10000), ERROR_INVALID);
    object_release(&range->object);
}
