/* The second serial port, a 16550. Source: PC16550D data sheet, section 8. */
#include "arch/x86_64/dev/trace_port.h"

#include "arch/x86_64/cpu/cpu.h"

#define COM2            0x2f8
#define DATA            (COM2 + 0)
#define INTERRUPTS      (COM2 + 1)
#define FIFO_CONTROL    (COM2 + 2)
#define LINE_CONTROL    (COM2 + 3)
#define MODEM_CONTROL   (COM2 + 4)
#define LINE_STATUS     (COM2 + 5)
#define LINE_RECEIVED   0x01
#define LINE_EMPTY      0x20
#define MODEM_LOOPBACK  0x1e
#define MODEM_DTR_RTS   0x03
#define PROBE_BYTE      0xae
#define FIFO_BYTES      16 /* bytes that an empty transmitter takes */
#define WAIT_STEPS_MOST 1000000

static bool wait_for(uint8_t bit)
{
    for (unsigned step = 0; step < WAIT_STEPS_MOST; step++) {
        if (inb(LINE_STATUS) & bit) {
            return true;
        }
    }
    return false;
}

bool trace_port_init(void)
{
    outb(INTERRUPTS, 0x00);
    outb(LINE_CONTROL, 0x80); /* the next two bytes are the divisor */
    outb(DATA, 0x01);         /* 115200 */
    outb(INTERRUPTS, 0x00);
    outb(LINE_CONTROL, 0x03); /* 8N1 */
    outb(FIFO_CONTROL, 0xc7); /* FIFOs on and cleared */
    outb(MODEM_CONTROL, MODEM_LOOPBACK);
    outb(DATA, PROBE_BYTE);
    /* Without a port, reads return 0xff. */
    bool found = inb(LINE_STATUS) != 0xff && wait_for(LINE_RECEIVED) && inb(DATA) == PROBE_BYTE;
    outb(MODEM_CONTROL, MODEM_DTR_RTS);
    return found;
}

bool trace_port_write(const void *data, size_t bytes)
{
    const uint8_t *from = data;
    for (size_t i = 0; i < bytes; i++) {
        if (i % FIFO_BYTES == 0 && !wait_for(LINE_EMPTY)) {
            return false;
        }
        outb(DATA, from[i]);
    }
    return true;
}
