/*
 * A driver in user mode: the second serial port of a PC (COM2), a 16550 UART. It needs nothing of
 * the kernel but a range of I/O ports and an interrupt object, which signals a notification.
 *
 *   uart-driver loopback   connects the UART's output to its own input, and checks what comes back
 *   uart-driver echo       sends back what arrives, up to an end-of-transmission (control-D)
 *
 * Source: National Semiconductor, PC16550D data sheet.
 */
#include "lib/string.h"
#include "user/lib/fatal.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/uart_registers.h"
#include "user/syscalls.h"

#define UART_PORT  0x2f8
#define UART_PORTS 8
#define UART_LINE  3 /* an ISA line, edge-triggered */

#define FIFO_ON_AND_EMPTY   0x07
#define END_OF_TRANSMISSION 4

#define INTERRUPT_BIT 1
#define WAIT_NS       10000000000UL /* longer than a byte takes through the loop */

#define STATUS_WRONG   1
#define STATUS_USAGE   2
#define STATUS_NO_UART 3

static uint64_t ports, notification, interrupt;
static uint64_t interrupts;

static uint64_t must_succeed(int64_t result, const char *what)
{
    if (result < 0) {
        fatal("%s: %s", what, error_name((int)result));
    }
    return (uint64_t)result;
}

static uint8_t uart_read(unsigned offset)
{
    return (uint8_t)must_succeed(sys_port_read(ports, UART_PORT + offset, 1), "reading a port");
}

static void uart_write(unsigned offset, uint8_t value)
{
    must_succeed(sys_port_write(ports, UART_PORT + offset, 1, value), "writing a port");
}

/* Only the ports of this device, made of the range of all ports. */
static void handles_open(void)
{
    const uint32_t *given = program_start.handles;

    ports = must_succeed(sys_ports_create(given[PROGRAM_HANDLE_PORTS], UART_PORT, UART_PORTS,
                                          RIGHT_READ | RIGHT_WRITE),
                         "the range of ports");
    notification = must_succeed(sys_notification_create(), "the notification");
    interrupt = must_succeed(
        sys_interrupt_create(given[PROGRAM_HANDLE_SYSTEM], UART_LINE, notification, INTERRUPT_BIT),
        "the interrupt object");
}

/* The scratch register keeps what is written to it, if there is a UART. */
static bool uart_is_there(void)
{
    uart_write(SCRATCH, 0x5a);
    bool first = uart_read(SCRATCH) == 0x5a;
    uart_write(SCRATCH, 0xa5);
    return first && uart_read(SCRATCH) == 0xa5;
}

static void uart_init(bool loopback)
{
    uart_write(INTERRUPT_ENABLE, 0);
    uart_write(LINE_CONTROL, LINE_DIVISOR);
    uart_write(DATA, 1); /* 115,200 baud */
    uart_write(INTERRUPT_ENABLE, 0);
    uart_write(LINE_CONTROL, LINE_8N1);
    uart_write(FIFO_CONTROL, FIFO_ON_AND_EMPTY);
    uart_write(MODEM_CONTROL, MODEM_INTERRUPTS | (loopback ? MODEM_LOOPBACK : 0));
    uart_write(INTERRUPT_ENABLE, ENABLE_RECEIVED);
}

static void uart_send(uint8_t byte)
{
    while ((uart_read(LINE_STATUS) & STATUS_TRANSMIT) == 0) {
        must_succeed(sys_thread_yield(), "yielding");
    }
    uart_write(DATA, byte);
}

/*
 * Sleeps until the UART has raised an interrupt. The line is edge-triggered, so it is opened again
 * before the device is looked at: a byte that comes in between signals anew.
 */
static void interrupt_wait(uint64_t deadline)
{
    uint64_t bits;

    must_succeed(sys_notification_wait(notification, deadline, &bits), "waiting for an interrupt");
    interrupts++;
    must_succeed(sys_interrupt_acknowledge(interrupt), "acknowledging an interrupt");
    uart_read(INTERRUPT_CAUSE);
}

static bool has_received(void)
{
    return (uart_read(LINE_STATUS) & STATUS_RECEIVED) != 0;
}

static int loopback(void)
{
    unsigned wrong = 0;

    for (unsigned byte = 0; byte < 256; byte++) {
        uart_send((uint8_t)byte);
        interrupt_wait(must_succeed(sys_clock_read(), "the clock") + WAIT_NS);
        wrong += !has_received() || uart_read(DATA) != byte || has_received();
    }
    printf("256 bytes went out and came back by %lu interrupts, %u of them wrong", interrupts,
           wrong);
    return wrong == 0 ? 0 : STATUS_WRONG;
}

static int echo(void)
{
    uint64_t echoed = 0;
    uint8_t byte = 0;

    while (byte != END_OF_TRANSMISSION) {
        while (!has_received()) {
            interrupt_wait(UINT64_MAX); /* who sends may be silent for any time */
        }
        byte = uart_read(DATA);
        uart_send(byte);
        echoed++;
    }
    printf("%lu bytes echoed by %lu interrupts", echoed, interrupts);
    return 0;
}

int main(unsigned count, char **words)
{
    bool is_loopback = count == 2 && string_equal(words[1], "loopback");

    if (!is_loopback && (count != 2 || !string_equal(words[1], "echo"))) {
        printf("usage: uart-driver loopback|echo");
        return STATUS_USAGE;
    }
    handles_open();
    if (!uart_is_there()) {
        printf("there is no second serial port");
        return STATUS_NO_UART;
    }
    uart_init(is_loopback);
    return is_loopback ? loopback() : echo();
}
