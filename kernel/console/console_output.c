/*
 * See console_output.h. output_lock is the lock under which a piece is written: its holder takes
 * text out of the ring. A panic ignores the lock, because it has stopped the other CPUs.
 */
#include "kernel/console/console_output.h"

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/dev/serial.h"
#include "kernel/console/console_output_test_hooks.h"
#include "kernel/console/console_style.h"
#include "lib/string.h"

#define PIECE_BYTES 16 /* if there is no serial port, or it does not work */
#define PIECE_CELLS 16
#define PIECE_LENT  256 /* if a program has the port */

struct output_ring console_ring = OUTPUT_RING();
struct handover_ring console_handover_ring;

static struct spinlock output_lock = SPINLOCK("console output");

/* Guarded by output_lock, until an emergency. */
static struct screen *output_screen;
static bool screen_is_stale; /* the cells may differ from what the display shows */
static bool serial_colours;
static const char *sequence = ""; /* the rest of an escape sequence for the serial line */
static bool return_sent;          /* the carriage return before a line feed was written */

static const char *const style_begin[] = {
    [CONSOLE_PLAIN] = "\x1b[0m",   [CONSOLE_DIM] = "\x1b[90m",     [CONSOLE_HEADING] = "\x1b[1;36m",
    [CONSOLE_GOOD] = "\x1b[1;32m", [CONSOLE_WARNING] = "\x1b[33m", [CONSOLE_ERROR] = "\x1b[1;31m",
};

static void style_switch(uint8_t style)
{
    const char *text = style_begin[style];
    sequence = serial_colours ? text : "";
    if (output_screen != NULL) {
        screen_write(output_screen, text, strlen(text));
    }
}

/* Writes a byte to the program that has the port; else to the port, if `to_serial`. */
static void serial_byte(uint8_t byte, bool to_serial)
{
    if (serial_is_lent()) {
        handover_ring_put(&console_handover_ring, (char)byte);
    } else if (to_serial) {
        serial_put_now(byte);
    }
}

/* Writes a byte of text. A line feed needs two calls: the first one writes a carriage return. */
static void byte_show(struct output_item item, bool to_serial)
{
    if (item.value == '\n' && !return_sent) {
        serial_byte('\r', to_serial);
        return_sent = true;
        return;
    }
    serial_byte(item.value, to_serial);
    return_sent = false;
    if (output_screen != NULL) {
        char byte = (char)item.value;
        screen_write(output_screen, &byte, 1);
        screen_is_stale = true;
    }
    output_ring_take(&console_ring, item);
}

/*
 * Writes at most `room` bytes, or to the end of the line, to the screen's cells and the serial port
 * if `to_serial`. Each byte leaves the ring when it is written, so a panic in between neither loses
 * nor repeats text.
 */
static void piece_show(unsigned room, bool to_serial)
{
    while (room > 0) {
        if (*sequence != '\0') {
            serial_byte((uint8_t)*sequence++, to_serial);
            room--;
            continue;
        }
        struct output_item item = output_ring_next(&console_ring);
        if (item.kind == OUTPUT_NOTHING) {
            return;
        }
        if (item.kind == OUTPUT_STYLE) {
            style_switch(item.value);
            output_ring_take(&console_ring, item);
            continue;
        }
        byte_show(item, to_serial);
        room--;
        if (item.value == '\n' && !return_sent) {
            return; /* the screen may have scrolled: enough for one piece */
        }
    }
}

/* Says whether there is text that a program which had the port did not take. */
static bool leftover_waits(void)
{
    return !serial_is_lent() && handover_ring_waits(&console_handover_ring);
}

/* Says whether there are cells to draw. While the console is lent, the program draws. */
static bool screen_waits(void)
{
    return !serial_is_lent() && __atomic_load_n(&screen_is_stale, __ATOMIC_RELAXED);
}

/* Writes some of that text to the port; drops it if there is no port. */
static void leftover_show(unsigned room, bool to_serial)
{
    char bytes[PIECE_BYTES];
    size_t taken = handover_ring_take(&console_handover_ring, bytes,
                                      room < sizeof(bytes) ? room : sizeof(bytes));
    for (size_t i = 0; i < taken && to_serial; i++) {
        serial_put_now((uint8_t)bytes[i]);
    }
}

/* Shows a piece; `ready` is what serial_room_wait() said. Context: the caller has output_lock. */
static void piece_show_if_room(bool ready)
{
    unsigned room = serial_room();
    if (serial_is_lent()) {
        piece_show(PIECE_LENT, false);
    } else if (leftover_waits()) {
        if (room != 0 || !ready) {
            leftover_show(room != 0 ? room : PIECE_BYTES, room != 0);
        }
    } else if (room != 0) {
        piece_show(room, true);
    } else if (!ready) {
        piece_show(PIECE_BYTES, false); /* no port, or a broken one: the screen alone */
    }
    /* Else another CPU was faster, and has filled the port. */
}

bool console_output_waits(void)
{
    return output_ring_taken(&console_ring) != output_ring_written(&console_ring) ||
           leftover_waits() || screen_waits();
}

void console_output_piece(void)
{
    bool text =
        output_ring_taken(&console_ring) != output_ring_written(&console_ring) || leftover_waits();
    bool ready = text && serial_room_wait();
    if (!spin_try_lock(&output_lock)) {
        cpu_pause();
        return;
    }
    if (text) {
        piece_show_if_room(ready);
    } else {
        screen_is_stale =
            screen_is_stale && (serial_is_lent() || !screen_flush_some(output_screen, PIECE_CELLS));
    }
    spin_unlock(&output_lock);
}

void console_output_until(uint64_t position)
{
    while ((int64_t)(position - output_ring_taken(&console_ring)) > 0 ||
           (console_output_waits() && output_ring_written(&console_ring) == position)) {
        console_output_piece();
    }
}

static bool threaded;

void console_output_thread_set(void)
{
    __atomic_store_n(&threaded, true, __ATOMIC_RELEASE);
}

bool console_output_is_allowed(void)
{
    return !__atomic_load_n(&threaded, __ATOMIC_RELAXED) ||
           (!serial_is_lent() && interrupts_enabled() && this_cpu(preempt_count) == 0);
}

/* The display shows what the program drew: all is to be drawn again. */
static void screen_reclaim(void)
{
    if (output_screen != NULL) {
        screen_redraw(output_screen);
        screen_is_stale = true;
    }
}

void console_output_lend(bool lend)
{
    spin_lock(&output_lock);
    if (lend) {
        serial_lend();
    } else {
        serial_take_back();
        screen_reclaim();
        for (const char *c = "\x1b[0m\x1b[?25h\x1b[?7h"; *c != '\0'; c++) {
            handover_ring_put(&console_handover_ring, *c); /* as serial_terminal_reset() */
        }
    }
    spin_unlock(&output_lock);
}

/* Takes the console back from the program that has it, and shows what it did not take. */
static void emergency_take_back(void)
{
    char byte;
    if (serial_is_lent()) {
        serial_take_back();
        screen_reclaim();
    }
    while (handover_ring_take(&console_handover_ring, &byte, 1) == 1) {
        if (serial_room_wait()) {
            serial_put_now((uint8_t)byte);
        }
    }
}

void console_output_emergency(void)
{
    emergency_take_back();
    while (console_output_waits()) {
        bool ready = serial_room_wait();
        if (output_ring_taken(&console_ring) != output_ring_written(&console_ring)) {
            piece_show(ready ? serial_room() : PIECE_BYTES, ready);
        } else {
            screen_flush(output_screen);
            screen_is_stale = false;
        }
    }
}

void console_output_raw(const char *text, size_t bytes)
{
    serial_write_raw(text, bytes);
    if (output_screen != NULL) {
        screen_write(output_screen, text, bytes);
        screen_flush(output_screen);
    }
}

struct screen *console_output_screen_set(struct screen *screen)
{
    spin_lock(&output_lock);
    struct screen *last = output_screen;
    output_screen = screen;
    screen_is_stale = screen != NULL;
    spin_unlock(&output_lock);
    return last;
}

void console_output_colours_set(bool on)
{
    spin_lock(&output_lock);
    serial_colours = on;
    spin_unlock(&output_lock);
}

void console_output_hold(void)
{
    spin_lock(&output_lock);
}

void console_output_release(void)
{
    spin_unlock(&output_lock);
}
