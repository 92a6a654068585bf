/*
 * Output: one lock is held, with interrupts off, while the text of a call goes to the serial line
 * by polling and into the cells of the screen.
 */
#include "kernel/console/console.h"

#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/dev/serial.h"
#include "lib/format.h"
#include "lib/string.h"

static struct spinlock console_lock = SPINLOCK("console");

/* Guarded by console_lock, until an emergency. */
static struct screen *console_screen;
static bool serial_colours;

static bool emergency;

static const char *const style_begin[] = {
    [CONSOLE_PLAIN] = "",          [CONSOLE_DIM] = "\x1b[90m",     [CONSOLE_HEADING] = "\x1b[1;36m",
    [CONSOLE_GOOD] = "\x1b[1;32m", [CONSOLE_WARNING] = "\x1b[33m", [CONSOLE_ERROR] = "\x1b[1;31m",
};
static const char style_end[] = "\x1b[0m";

struct console_hold {
    bool locked;
    uint64_t flags;
};

static struct console_hold console_acquire(void)
{
    if (__atomic_load_n(&emergency, __ATOMIC_RELAXED)) {
        return (struct console_hold){.locked = false};
    }
    return (struct console_hold){.locked = true, .flags = spin_lock_irq_save(&console_lock)};
}

static void console_release(struct console_hold hold)
{
    if (hold.locked) {
        spin_unlock_irq_restore(&console_lock, hold.flags);
    }
}

/* Writes to the serial line and into the cells of the screen, which draw() shows. */
static void both_write(void *context maybe_unused, const char *text, size_t bytes)
{
    serial_write_raw(text, bytes);
    if (console_screen != NULL) {
        screen_write(console_screen, text, bytes);
    }
}

static void sequence_write(const char *sequence)
{
    if (serial_colours) {
        serial_write_raw(sequence, strlen(sequence));
    }
    if (console_screen != NULL) {
        screen_write(console_screen, sequence, strlen(sequence));
    }
}

static void draw(void)
{
    if (console_screen != NULL) {
        screen_flush(console_screen);
    }
}

static void style_switch(enum console_style style, bool on)
{
    if (style != CONSOLE_PLAIN) {
        sequence_write(on ? style_begin[style] : style_end);
    }
}

void console_write_styled(enum console_style style, const char *text, size_t bytes)
{
    struct console_hold hold = console_acquire();
    style_switch(style, true);
    both_write(NULL, text, bytes);
    style_switch(style, false);
    draw();
    console_release(hold);
}

void console_write(const char *text, size_t bytes)
{
    console_write_styled(CONSOLE_PLAIN, text, bytes);
}

static void print_list(enum console_style style, const char *format, va_list arguments)
    printf_like(2, 0);

static void print_list(enum console_style style, const char *format, va_list arguments)
{
    struct console_hold hold = console_acquire();
    style_switch(style, true);
    format_write(both_write, NULL, format, arguments);
    style_switch(style, false);
    draw();
    console_release(hold);
}

void console_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_list(CONSOLE_PLAIN, format, arguments);
    va_end(arguments);
}

void console_print_styled(enum console_style style, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_list(style, format, arguments);
    va_end(arguments);
}

void console_emergency_write(const char *text, size_t bytes)
{
    both_write(NULL, text, bytes);
    draw();
}

void console_emergency_begin(void)
{
    __atomic_store_n(&emergency, true, __ATOMIC_RELAXED);
}

void console_screen_attach(struct screen *screen)
{
    struct console_hold hold = console_acquire();
    console_screen = screen;
    console_release(hold);
}

void console_serial_colours_set(bool on)
{
    struct console_hold hold = console_acquire();
    serial_colours = on;
    console_release(hold);
}
