/*
 * rtc [INTERRUPTS]: a driver of the real-time clock of a PC. It lets the clock interrupt 64 times a
 * second, counts so many interrupts, and says how long they took. docs/first-driver.md builds it
 * step by step.
 *
 * Source: Motorola, MC146818A data sheet.
 */
#include "lib/error.h"
#include "lib/number.h"
#include "user/lib/fatal.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define RTC_PORTS      0x70 /* the number of a register, then its value */
#define RTC_PORT_COUNT 2
#define RTC_LINE       8 /* an ISA line, edge-triggered */

#define REGISTER_A    0x0a /* the rate, in the low four bits */
#define REGISTER_B    0x0b /* which interrupts are on */
#define REGISTER_C    0x0c /* why it interrupted; reading it allows the next interrupt */
#define RATE_MASK     0x0f
#define RATE_64_HZ    10   /* 32768 >> (10 - 1) */
#define PERIODIC      0x40 /* in registers B and C */
#define INTERRUPT_BIT 1
#define COUNT_DEFAULT 64
#define COUNT_MOST    1000000
#define WAIT_NS       10000000000UL /* longer than any interrupt takes */
#define NS_PER_MS     1000000UL
#define STATUS_WRONG  1

static uint64_t ports, notification, interrupt;

static uint64_t must_succeed(int64_t result, const char *what)
{
    if (result < 0) {
        fatal("%s: %s", what, error_name((int)result));
    }
    return (uint64_t)result;
}

static void handles_open(void)
{
    const uint32_t *given = program_start.handles;

    ports = must_succeed(sys_ports_create(given[PROGRAM_HANDLE_PORTS], RTC_PORTS, RTC_PORT_COUNT,
                                          RIGHT_READ | RIGHT_WRITE),
                         "the range of ports");
    notification = must_succeed(sys_notification_create(), "the notification");
    interrupt = must_succeed(
        sys_interrupt_create(given[PROGRAM_HANDLE_SYSTEM], RTC_LINE, notification, INTERRUPT_BIT),
        "the interrupt object");
}

static uint8_t rtc_read(uint8_t number)
{
    must_succeed(sys_port_write(ports, RTC_PORTS, 1, number), "choosing a register");
    return (uint8_t)must_succeed(sys_port_read(ports, RTC_PORTS + 1, 1), "reading a register");
}

static void rtc_write(uint8_t number, uint8_t value)
{
    must_succeed(sys_port_write(ports, RTC_PORTS, 1, number), "choosing a register");
    must_succeed(sys_port_write(ports, RTC_PORTS + 1, 1, value), "writing a register");
}

/*
 * Waits for an interrupt. The line is edge-triggered, so it is opened before the device is looked
 * at. Returns whether the clock says that it was the periodic one.
 */
static bool interrupt_wait(void)
{
    uint64_t bits, deadline = must_succeed(sys_clock_read(), "the clock") + WAIT_NS;

    must_succeed(sys_notification_wait(notification, deadline, &bits), "waiting for an interrupt");
    must_succeed(sys_interrupt_acknowledge(interrupt), "acknowledging an interrupt");
    return (rtc_read(REGISTER_C) & PERIODIC) != 0;
}

int main(unsigned count, char **words)
{
    uint64_t wanted = COUNT_DEFAULT, other = 0;

    if (count > 2 || (count == 2 && (number_parse_u64(words[1], &wanted) != OK || wanted == 0 ||
                                     wanted > COUNT_MOST))) {
        printf("usage: rtc [INTERRUPTS]");
        return 2;
    }
    handles_open();
    uint8_t a = rtc_read(REGISTER_A), b = rtc_read(REGISTER_B);
    rtc_write(REGISTER_A, (a & ~RATE_MASK) | RATE_64_HZ);
    rtc_write(REGISTER_B, b | PERIODIC);
    (void)rtc_read(REGISTER_C); /* an old interrupt would keep a new one away */
    uint64_t begin = must_succeed(sys_clock_read(), "the clock");
    for (uint64_t i = 0; i < wanted; i++) {
        other += !interrupt_wait();
    }
    uint64_t ns = must_succeed(sys_clock_read(), "the clock") - begin;
    rtc_write(REGISTER_B, b);
    rtc_write(REGISTER_A, a);
    printf("%lu interrupts of the clock in %lu ms, %lu without a reason", wanted, ns / NS_PER_MS,
           other);
    return other == 0 ? 0 : STATUS_WRONG;
}
