/*
 * Finds out at boot which devices the console has. A missing device is logged, and is not an error.
 */
#include "kernel/console/console_devices.h"

#include "arch/x86_64/apic/ioapic.h"
#include "arch/x86_64/dev/keyboard.h"
#include "arch/x86_64/dev/serial.h"
#include "arch/x86_64/dev/vga_text.h"
#include "arch/x86_64/entry/interrupt.h"
#include "kernel/console/console.h"
#include "kernel/console/framebuffer.h"
#include "kernel/console/handover_tell.h"
#include "kernel/console/log_ring.h"
#include "lib/error.h"
#include "lib/scan_code.h"
#include "lib/string.h"

#define INPUT_CPU 0

static struct screen screen;
static struct framebuffer_info display = {.kind = FRAMEBUFFER_NONE}; /* what the screen uses */

/* Writes to the screen a log line that is older than the screen. */
static void line_show(void *context, enum log_level level maybe_unused, const char *line)
{
    screen_write(context, line, strlen(line));
    screen_write(context, "\n", 1);
}

static int vga_screen_init(void)
{
    int error = vga_text_init();
    if (error == OK) {
        screen_init(&screen, VGA_TEXT_COLUMNS, VGA_TEXT_ROWS, vga_text_draw);
    }
    return error;
}

void console_screen_start(const struct framebuffer_info *info)
{
    static const struct framebuffer_info vga_text = {.kind = FRAMEBUFFER_TEXT,
                                                     .address = VGA_TEXT_MEMORY,
                                                     .pitch_bytes = 2 * VGA_TEXT_COLUMNS,
                                                     .width = VGA_TEXT_COLUMNS,
                                                     .height = VGA_TEXT_ROWS,
                                                     .bits_per_pixel = 16};
    bool pixels = info->kind == FRAMEBUFFER_PIXELS;
    int error = pixels ? framebuffer_init(&screen, info) : vga_screen_init();
    if (error != OK) {
        log_warn("no screen (%s): the console is the serial line alone", error_name(error));
        return;
    }
    display = pixels ? *info : vga_text;
    log_each(LOG_INFO, line_show, &screen);
    ignore_result(console_screen_attach(&screen)); /* there was none */
    if (pixels) {
        log_info("screen: framebuffer of %u by %u pixels, %u by %u characters", info->width,
                 info->height, screen.columns, screen.rows);
    } else {
        log_info("screen: VGA text, %u by %u characters", screen.columns, screen.rows);
    }
}

const struct framebuffer_info *console_display(void)
{
    return &display;
}

static void serial_handler(struct trap_frame *frame maybe_unused)
{
    serial_interrupt();
}

/* Takes what the keyboard has, or tells the program that has the console. */
static void keyboard_serve(void)
{
    if (serial_is_lent()) {
        console_handover_interrupt();
    } else {
        keyboard_interrupt();
    }
}

static void keyboard_handler(struct trap_frame *frame maybe_unused)
{
    keyboard_serve();
}

/* Routes an ISA line to a vector of its own on CPU INPUT_CPU, and registers its handler. */
static int line_connect(unsigned line, interrupt_handler handler, const char *name)
{
    unsigned vector;
    uint32_t gsi;
    int error = interrupt_vector_allocate(&vector);
    if (error == OK) {
        error = interrupt_register(vector, handler, name);
    }
    if (error != OK) {
        return error;
    }
    error = ioapic_route_isa(line, vector, INPUT_CPU, &gsi);
    if (error != OK) {
        interrupt_unregister(vector);
    }
    return error;
}

/*
 * Devices whose interrupt cannot be delivered. Other devices must not be polled, because the poll
 * and their interrupt handler could run at the same time.
 */
static bool serial_polled, keyboard_polled;

static void devices_poll(void)
{
    if (serial_polled) {
        serial_interrupt();
    }
    if (keyboard_polled) {
        keyboard_serve();
    }
}

static void connect_or_poll(unsigned line, interrupt_handler handler, const char *name,
                            bool *polled)
{
    int error = line_connect(line, handler, name);
    if (error != OK) {
        log_warn("%s has no interrupt (%s) and is polled", name, error_name(error));
        *polled = true;
        console_poll_set(devices_poll);
    }
}

static void serial_start(void)
{
    if (!serial_present()) {
        log_info("no serial port at COM1");
        return;
    }
    connect_or_poll(SERIAL_LINE, serial_handler, "serial", &serial_polled);
    serial_input_start();
}

void console_scan_code_received(uint8_t scan_code)
{
    /* Only the keyboard's interrupt handler uses the decoder, or the poll in its place. */
    static struct scan_code_decoder decoder;
    int key = scan_code_decode(&decoder, scan_code);
    if (key != KEY_NONE) {
        console_key_received(key);
    }
}

static void keyboard_connect(bool absent)
{
    if (absent || keyboard_start() != OK) {
        log_info("no PS/2 keyboard");
        return;
    }
    connect_or_poll(KEYBOARD_LINE, keyboard_handler, "keyboard", &keyboard_polled);
}

void console_input_start(bool keyboard_absent)
{
    serial_start();
    keyboard_connect(keyboard_absent);
}
