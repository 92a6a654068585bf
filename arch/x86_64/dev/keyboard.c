/*
 * The i8042 controller: its set-up, and its interrupt. It is set to translate what the keyboard
 * sends to scan code set 1. Sources: IBM PS/2 technical reference, keyboard controller; any i8042
 * data sheet.
 */
#include "arch/x86_64/dev/keyboard.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "lib/error.h"

#define DATA               0x60
#define STATUS             0x64
#define COMMAND            0x64
#define STATUS_OUTPUT_FULL 0x01
#define STATUS_INPUT_FULL  0x02
#define STATUS_MOUSE       0x20

#define COMMAND_READ_CONFIG   0x20
#define COMMAND_WRITE_CONFIG  0x60
#define COMMAND_DISABLE_MOUSE 0xa7
#define COMMAND_DISABLE       0xad
#define COMMAND_ENABLE        0xae
#define CONFIG_INTERRUPT      0x01
#define CONFIG_MOUSE          0x02
#define CONFIG_DISABLED       0x10
#define CONFIG_TRANSLATE      0x40

#define KEYBOARD_SCAN_ON 0xf4
#define WAIT_STEPS       20000 /* a port read takes about a microsecond */
#define BYTES_AT_MOST    64    /* read at once, so that a broken controller cannot hold the CPU */

void (*keyboard_receive)(uint8_t scan_code);

/* Guards the output buffer: keyboard_drain() may meet the interrupt handler of another CPU. */
static struct spinlock buffer_lock = SPINLOCK("keyboard");
static bool started;

static bool status_wait(uint8_t bit, uint8_t value)
{
    for (unsigned step = 0; step < WAIT_STEPS; step++) {
        if ((inb(STATUS) & bit) == value) {
            return true;
        }
    }
    return false;
}

static bool command_send(uint8_t command)
{
    if (!status_wait(STATUS_INPUT_FULL, 0)) {
        return false;
    }
    outb(COMMAND, command);
    return true;
}

static bool data_send(uint8_t byte)
{
    if (!status_wait(STATUS_INPUT_FULL, 0)) {
        return false;
    }
    outb(DATA, byte);
    return true;
}

/* Waits for a byte from the controller and returns it, or -1 if none comes in time. */
static int data_receive(void)
{
    return status_wait(STATUS_OUTPUT_FULL, STATUS_OUTPUT_FULL) ? inb(DATA) : -1;
}

static void output_flush(void)
{
    for (unsigned i = 0; i < BYTES_AT_MOST && (inb(STATUS) & STATUS_OUTPUT_FULL); i++) {
        (void)inb(DATA);
    }
}

/*
 * Turns the keyboard and its interrupt on and the mouse off. Returns false if no controller
 * answers.
 */
static bool controller_set_up(void)
{
    if (inb(STATUS) == 0xff || !command_send(COMMAND_DISABLE) ||
        !command_send(COMMAND_DISABLE_MOUSE)) {
        return false;
    }
    output_flush();
    int config = command_send(COMMAND_READ_CONFIG) ? data_receive() : -1;
    if (config < 0) {
        return false;
    }
    config &= ~(CONFIG_MOUSE | CONFIG_DISABLED);
    config |= CONFIG_INTERRUPT | CONFIG_TRANSLATE;
    return command_send(COMMAND_WRITE_CONFIG) && data_send((uint8_t)config) &&
           command_send(COMMAND_ENABLE);
}

int keyboard_start(void)
{
    uint64_t flags = interrupts_save();
    bool found = controller_set_up() && data_send(KEYBOARD_SCAN_ON);
    if (found) {
        (void)data_receive(); /* the keyboard's acknowledgement, 0xfa */
        output_flush();
    }
    started = found;
    interrupts_restore(flags);
    return found ? OK : ERROR_NOT_FOUND;
}

/* Takes the bytes that have come. buffer_lock is held. */
static void bytes_take(void)
{
    for (unsigned i = 0; i < BYTES_AT_MOST; i++) {
        uint8_t status = inb(STATUS);
        if (!(status & STATUS_OUTPUT_FULL) || status == 0xff) {
            return;
        }
        uint8_t byte = inb(DATA);
        if (!(status & STATUS_MOUSE)) {
            keyboard_receive(byte);
        }
    }
}

void keyboard_interrupt(void)
{
    spin_lock(&buffer_lock);
    bytes_take();
    spin_unlock(&buffer_lock);
}

bool keyboard_present(void)
{
    return started;
}

void keyboard_drain(void)
{
    if (started) {
        uint64_t flags = spin_lock_irq_save(&buffer_lock);
        bytes_take();
        spin_unlock_irq_restore(&buffer_lock, flags);
    }
}
