/* See uart.h. */
#include "user/console/uart.h"

#include "lib/string.h"
#include "user/lib/fatal.h"
#include "user/lib/program.h"
#include "user/lib/uart_registers.h"
#include "user/syscalls.h"

#define UART_PORTS 8

#define FIFO_ON        0x01
#define FIFO_BYTES     16
#define DIVISOR_115200 1

static const struct uart_place *open_place;
static uint32_t ports;
static uint32_t interrupt; /* the interrupt object; 0: the port was handed over */
static unsigned sent;      /* since the FIFO was seen empty */

const struct uart_place *uart_place_find(const char *name)
{
    static const struct uart_place places[] = {{"com1", 0x3f8, 4}, {"com2", 0x2f8, 3}};

    for (unsigned i = 0; i < array_length(places); i++) {
        if (string_equal(places[i].name, name)) {
            return &places[i];
        }
    }
    return NULL;
}

/* Without its handles a driver can do nothing: it ends, and is started again. */
static uint64_t must_succeed(int64_t result, const char *what)
{
    if (result < 0) {
        fatal("%s: %s", what, error_name((int)result));
    }
    return (uint64_t)result;
}

static uint8_t reg_read(unsigned offset)
{
    return (uint8_t)must_succeed(sys_port_read(ports, open_place->ports + offset, 1),
                                 "reading a port");
}

static void reg_write(unsigned offset, uint8_t value)
{
    must_succeed(sys_port_write(ports, open_place->ports + offset, 1, value), "writing a port");
}

/* The scratch register keeps what is written to it, if there is a UART. */
static bool is_there(void)
{
    reg_write(SCRATCH, 0x5a);
    bool first = reg_read(SCRATCH) == 0x5a;
    reg_write(SCRATCH, 0xa5);
    return first && reg_read(SCRATCH) == 0xa5;
}

void uart_init(void)
{
    reg_write(INTERRUPT_ENABLE, 0);
    reg_write(LINE_CONTROL, LINE_DIVISOR);
    reg_write(DATA, DIVISOR_115200);
    reg_write(INTERRUPT_ENABLE, 0);
    reg_write(LINE_CONTROL, LINE_8N1);
    reg_write(FIFO_CONTROL, FIFO_ON); /* what has come stays in it */
    reg_write(MODEM_CONTROL, MODEM_INTERRUPTS);
    reg_write(INTERRUPT_ENABLE, ENABLE_RECEIVED);
}

int uart_open(const struct uart_place *place, const char **reason)
{
    int64_t made = sys_ports_create(program_start.handles[PROGRAM_HANDLE_PORTS], place->ports,
                                    UART_PORTS, RIGHT_READ | RIGHT_WRITE);

    *reason = "the range of ports";
    if (made < 0) {
        return (int)made;
    }
    ports = (uint32_t)made;
    open_place = place;
    *reason = "there is no such serial port";
    return is_there() ? OK : ERROR_NOT_FOUND;
}

int uart_interrupts_open(uint32_t notification, uint64_t bits)
{
    int64_t made = sys_interrupt_create(program_start.handles[PROGRAM_HANDLE_SYSTEM],
                                        open_place->line, notification, bits);

    interrupt = made > 0 ? (uint32_t)made : 0;
    return made < 0 ? (int)made : OK;
}

static void byte_send(uint8_t byte)
{
    if (sent == FIFO_BYTES) {
        while ((reg_read(LINE_STATUS) & STATUS_TRANSMIT) == 0) {
            must_succeed(sys_thread_yield(), "yielding");
        }
        sent = 0;
    }
    reg_write(DATA, byte);
    sent++;
}

void uart_send(const char *text, size_t bytes)
{
    sent = FIFO_BYTES; /* nobody has looked since */
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n') {
            byte_send('\r');
        }
        byte_send((uint8_t)text[i]);
    }
}

void uart_acknowledge(void)
{
    if (interrupt != 0) { /* else the kernel has the line, and only tells of it */
        must_succeed(sys_interrupt_acknowledge(interrupt), "acknowledging an interrupt");
    }
    reg_read(INTERRUPT_CAUSE);
}

bool uart_receive(uint8_t *byte)
{
    if ((reg_read(LINE_STATUS) & STATUS_RECEIVED) == 0) {
        return false;
    }
    *byte = reg_read(DATA);
    return true;
}
