/*
 * The 16550 UART. If the transmitter stays busy because the other end does not receive, the first
 * byte waits for the full time. Each further byte reads the status only once, until the transmitter
 * is ready again. So a stuck line slows the kernel down but never stops it. Source: PC16550D data
 * sheet, section 8.
 */
#include "arch/x86_64/dev/serial.h"

#include "arch/x86_64/cpu/cpu.h"

#define COM1               0x3f8
#define DATA               (COM1 + 0)
#define INTERRUPTS         (COM1 + 1)
#define FIFO_CONTROL       (COM1 + 2)
#define INTERRUPT_IDENTITY (COM1 + 2) /* read */
#define LINE_CONTROL       (COM1 + 3)
#define MODEM_CONTROL      (COM1 + 4)
#define LINE_STATUS        (COM1 + 5)
#define MODEM_DTR_OUT2     0x09 /* OUT2 connects the interrupt line */
#define MODEM_DTR_RTS_OUT2 0x0b
#define MODEM_LOOPBACK     0x1e
#define LINE_RECEIVED      0x01
#define LINE_OVERRUN       0x02
#define LINE_EMPTY         0x20
#define LINE_DRAINED       0x40
#define INTERRUPT_RECEIVED 0x01
#define IDENTITY_FIFOS     0xc0
#define PROBE_BYTE         0xae
#define WAIT_STEPS_AT_MOST 1000000
#define FIFO_BYTES_AT_MOST 256 /* read at once, so that a broken port cannot hold the CPU */

static bool present;
static bool lent;                    /* a program drives the port: nothing here touches it */
static unsigned room_when_empty = 1; /* bytes that the transmitter takes at once */
static bool stuck;                   /* the last wait ended before the bit was set */
void (*serial_receive)(uint8_t byte);
void (*serial_overrun)(void);

static void lent_nothing(void)
{
}

void (*serial_lent_interrupt)(void) = lent_nothing;

static bool held; /* bytes are not read: they stay in the FIFO, or the sender waits */
/* A byte was lost. Each read of the line status clears the port's own bit, so it is kept here. */
static uint32_t overrun;

static uint8_t line_status(void)
{
    uint8_t status = inb(LINE_STATUS);
    if (unlikely(status & LINE_OVERRUN) && status != 0xff) {
        __atomic_store_n(&overrun, 1, __ATOMIC_RELEASE);
    }
    return status;
}

static bool serial_wait(uint8_t bit)
{
    unsigned steps = stuck ? 1 : WAIT_STEPS_AT_MOST;
    for (unsigned step = 0; step < steps; step++) {
        if (line_status() & bit) {
            stuck = false;
            return true;
        }
    }
    stuck = true;
    return false;
}

/* In loopback mode a UART receives what it sends. Without a UART, reads return 0xff. */
static bool serial_probe(void)
{
    outb(MODEM_CONTROL, MODEM_LOOPBACK);
    outb(DATA, PROBE_BYTE);
    for (unsigned step = 0; step < WAIT_STEPS_AT_MOST / 10; step++) {
        uint8_t status = inb(LINE_STATUS);
        if (status == 0xff) {
            return false;
        }
        if (status & LINE_RECEIVED) {
            return inb(DATA) == PROBE_BYTE;
        }
    }
    return false;
}

static void port_program(void)
{
    outb(INTERRUPTS, 0x00);
    outb(LINE_CONTROL, 0x80); /* the next two bytes are the divisor */
    outb(DATA, 0x01);         /* 115200 */
    outb(INTERRUPTS, 0x00);
    outb(LINE_CONTROL, 0x03); /* 8N1 */
    outb(FIFO_CONTROL, 0xc7); /* FIFOs on and cleared */
}

void serial_init(void)
{
    port_program();
    present = serial_probe();
    if (present && (inb(INTERRUPT_IDENTITY) & IDENTITY_FIFOS) == IDENTITY_FIFOS) {
        room_when_empty = SERIAL_FIFO_BYTES;
    }
    outb(MODEM_CONTROL, MODEM_DTR_RTS_OUT2);
    serial_terminal_reset();
}

bool serial_present(void)
{
    return present;
}

/* Returns whether the kernel may touch the port. */
static bool usable(void)
{
    return present && !__atomic_load_n(&lent, __ATOMIC_ACQUIRE);
}

bool serial_is_lent(void)
{
    return __atomic_load_n(&lent, __ATOMIC_ACQUIRE);
}

void serial_lend(void)
{
    if (present) {
        outb(INTERRUPTS, 0x00);
    }
    __atomic_store_n(&lent, true, __ATOMIC_RELEASE);
}

void serial_take_back(void)
{
    if (!serial_is_lent()) {
        return;
    }
    if (present) {
        port_program();
        outb(MODEM_CONTROL, MODEM_DTR_RTS_OUT2);
        outb(INTERRUPTS, INTERRUPT_RECEIVED);
    }
    held = false;
    stuck = false;
    __atomic_store_n(&lent, false, __ATOMIC_RELEASE);
}

static void serial_put(uint8_t byte)
{
    if (serial_wait(LINE_EMPTY)) {
        outb(DATA, byte);
    }
}

void serial_write_raw(const char *text, size_t bytes)
{
    if (!present) {
        return;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n') {
            serial_put('\r');
        }
        serial_put((uint8_t)text[i]);
    }
}

unsigned serial_room(void)
{
    return usable() && (line_status() & LINE_EMPTY) ? room_when_empty : 0;
}

bool serial_room_wait(void)
{
    return usable() && serial_wait(LINE_EMPTY);
}

void serial_put_now(uint8_t byte)
{
    outb(DATA, byte);
}

/*
 * A part of a sequence would garble what follows. So a transmitter with a FIFO gets the text at
 * once, or nothing of it, after the full time of a wait even if the line was stuck.
 */
void serial_terminal_reset(void)
{
    static const char sane[] = "\x1b[0m\x1b[?25h\x1b[?7h"; /* SGR 0, DECTCEM, DECAWM */
    static_assert(sizeof(sane) - 1 <= SERIAL_FIFO_BYTES, "it is written at once");
    stuck = false;
    if (!present || !serial_wait(LINE_EMPTY)) {
        return;
    }
    if (room_when_empty < SERIAL_FIFO_BYTES) {
        serial_write_raw(sane, sizeof(sane) - 1);
        return;
    }
    for (size_t i = 0; i < sizeof(sane) - 1; i++) {
        outb(DATA, (uint8_t)sane[i]);
    }
}

void serial_drain(void)
{
    if (usable()) {
        (void)serial_wait(LINE_DRAINED);
    }
}

void serial_input_start(void)
{
    if (!present) {
        return;
    }
    outb(INTERRUPTS, INTERRUPT_RECEIVED);
    uint64_t flags = interrupts_save();
    serial_interrupt(); /* bytes that came before may raise no interrupt */
    interrupts_restore(flags);
}

void serial_interrupt(void)
{
    if (!present) {
        return; /* an absent port reads as ones, which look like bytes that arrived */
    }
    if (unlikely(serial_is_lent())) {
        serial_lent_interrupt();
        return;
    }
    for (unsigned i = 0; i < FIFO_BYTES_AT_MOST && !held && (line_status() & LINE_RECEIVED); i++) {
        if (__atomic_exchange_n(&overrun, 0, __ATOMIC_ACQ_REL) != 0) {
            serial_overrun();
        }
        serial_receive(inb(DATA));
    }
}

void serial_input_hold(void)
{
    if (!usable()) {
        return;
    }
    held = true;
    outb(INTERRUPTS, 0x00);
    outb(MODEM_CONTROL, MODEM_DTR_OUT2);
}

void serial_input_resume(void)
{
    if (!usable()) {
        return;
    }
    held = false;
    outb(MODEM_CONTROL, MODEM_DTR_RTS_OUT2);
    outb(INTERRUPTS, INTERRUPT_RECEIVED); /* raises the line at once if bytes wait in the FIFO */
}
