/*
 * Output: a call puts its text into a ring, and holds the ring's lock only for that. Then the
 * caller shows the text if interrupts and preemption are on; otherwise the thread "console" shows
 * it.
 */
#include "kernel/console/console.h"

#include "arch/x86_64/cpu/spinlock.h"
#include "kernel/console/console_output.h"
#include "kernel/console/console_service.h"
#include "lib/format.h"
#include "lib/string.h"

static struct spinlock ring_lock = SPINLOCK("console"); /* the writers' lock of console_ring */

static bool emergency;

static bool is_emergency(void)
{
    return __atomic_load_n(&emergency, __ATOMIC_RELAXED);
}

static void raw_write(void *context maybe_unused, const char *text, size_t bytes)
{
    console_output_raw(text, bytes);
}

/*
 * Takes the lock and begins a text, after a notice if texts were lost before it. Returns the flags
 * for text_end().
 */
static uint64_t text_begin(enum console_style style)
{
    uint64_t flags = spin_lock_irq_save(&ring_lock);
    output_ring_tell_lost(&console_ring);
    if (style != CONSOLE_PLAIN) {
        output_ring_style(&console_ring, style);
    }
    return flags;
}

static void text_end(enum console_style style, uint64_t flags)
{
    if (style != CONSOLE_PLAIN) {
        output_ring_style(&console_ring, CONSOLE_PLAIN);
    }
    ignore_result(output_ring_end(&console_ring)); /* the ring counts what is lost */
    spin_unlock_irq_restore(&ring_lock, flags);
}

/* Writes the notice for lost texts at once: perhaps no text follows that would do it. */
static void lost_tell(void)
{
    if (__atomic_load_n(&console_ring.lost, __ATOMIC_RELAXED) != 0) {
        uint64_t flags = spin_lock_irq_save(&ring_lock);
        output_ring_tell_lost(&console_ring);
        spin_unlock_irq_restore(&ring_lock, flags);
    }
}

void console_flush(void)
{
    if (is_emergency()) {
        return; /* nothing goes into the ring any more */
    }
    if (!console_output_is_allowed()) {
        console_service_wake();
        return;
    }
    console_output_until(output_ring_written(&console_ring));
    lost_tell();
    console_output_until(output_ring_written(&console_ring));
}

void console_room_make(void)
{
    uint64_t used = output_ring_written(&console_ring) - output_ring_taken(&console_ring);
    if (used > console_ring.room / 2 && !is_emergency() && console_output_is_allowed()) {
        console_output_until(output_ring_written(&console_ring));
    }
}

void console_write_styled(enum console_style style, const char *text, size_t bytes)
{
    if (is_emergency()) {
        console_output_raw(text, bytes);
        return;
    }
    do {
        size_t part = bytes < CONSOLE_TEXT_MAX ? bytes : CONSOLE_TEXT_MAX;
        console_room_make();
        uint64_t flags = text_begin(style);
        output_ring_add(&console_ring, text, part);
        text_end(style, flags);
        text += part;
        bytes -= part;
    } while (bytes > 0);
    console_flush();
}

void console_write(const char *text, size_t bytes)
{
    console_write_styled(CONSOLE_PLAIN, text, bytes);
}

static void print_list(enum console_style style, const char *format, va_list arguments)
    printf_like(2, 0);

static void print_list(enum console_style style, const char *format, va_list arguments)
{
    if (is_emergency()) {
        format_write(raw_write, NULL, format, arguments);
        return;
    }
    uint64_t flags = text_begin(style);
    format_write(output_ring_add, &console_ring, format, arguments);
    text_end(style, flags);
}

void console_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    console_room_make();
    print_list(CONSOLE_PLAIN, format, arguments);
    va_end(arguments);
    console_flush();
}

void console_print_styled(enum console_style style, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    console_room_make();
    print_list(style, format, arguments);
    va_end(arguments);
    console_flush();
}

void console_queue_styled(enum console_style style, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_list(style, format, arguments);
    va_end(arguments);
}

void console_emergency_write(const char *text, size_t bytes)
{
    console_output_raw(text, bytes);
}

void console_emergency_begin(void)
{
    __atomic_store_n(&emergency, true, __ATOMIC_RELAXED);
}

void console_emergency_flush(void)
{
    console_output_emergency();
}

struct screen *console_screen_attach(struct screen *screen)
{
    console_flush();
    return console_output_screen_set(screen);
}

void console_serial_colours_set(bool on)
{
    console_flush();
    console_output_colours_set(on);
}
