/*
 * COM1 (16550), by polling: the first voice of the kernel and the last one in a panic. Every wait
 * is bounded, so that a machine without a UART goes on in silence.
 */
#include "arch/x86_64/serial.h"

#include "arch/x86_64/cpu.h"

#define COM1               0x3f8
#define LINE_STATUS        (COM1 + 5)
#define LINE_EMPTY         0x20
#define LINE_DRAINED       0x40
#define WAIT_STEPS_AT_MOST 1000000

static void serial_wait(uint8_t bit)
{
    for (unsigned step = 0; step < WAIT_STEPS_AT_MOST; step++) {
        if (inb(LINE_STATUS) & bit) {
            return;
        }
    }
}

void serial_init(void)
{
    outb(COM1 + 1, 0x00); /* no interrupts */
    outb(COM1 + 3, 0x80); /* divisor latch */
    outb(COM1 + 0, 0x01); /* 115200 */
    outb(COM1 + 1, 0x00);
    outb(COM1 + 3, 0x03); /* 8N1 */
    outb(COM1 + 2, 0xc7); /* FIFOs on and cleared */
    outb(COM1 + 4, 0x0b); /* DTR, RTS, OUT2 */
}

void serial_write_raw(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n') {
            serial_wait(LINE_EMPTY);
            outb(COM1, '\r');
        }
        serial_wait(LINE_EMPTY);
        outb(COM1, (uint8_t)text[i]);
    }
}

void serial_drain(void)
{
    serial_wait(LINE_DRAINED);
}
