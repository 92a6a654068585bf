/*
 * The console: what is written here goes to the serial line and to the screen, keys come from the
 * serial line and from the keyboard. What one call writes stays together, whatever other CPUs
 * write. Colours go to the screen; to the serial line only if console_serial_colours_set() says
 * that a terminal is there.
 *
 * Writing: any context but NMI, #MC and #DF, which use console_emergency_write(). Takes the console
 * lock with interrupts off. Reading: thread context.
 */
#pragma once

#include <stdarg.h>

#include "kernel/console/screen.h"
#include "lib/compiler.h"
#include "lib/key.h"

enum console_style {
    CONSOLE_PLAIN,
    CONSOLE_DIM,
    CONSOLE_HEADING,
    CONSOLE_GOOD,
    CONSOLE_WARNING,
    CONSOLE_ERROR,
};

/* Writes bytes as they are. */
void console_write(const char *text, size_t bytes);

/* Writes formatted text. */
void console_print(const char *format, ...) printf_like(1, 2);

/* Writes formatted text in a style; the style ends with the text. */
void console_print_styled(enum console_style style, const char *format, ...) printf_like(2, 3);
void console_write_styled(enum console_style style, const char *text, size_t bytes);

/*
 * Writes without the lock: for panics and NMIs, when the lock may be held by code that will never
 * go on. What is written may mix with other output, nothing worse. Any context.
 */
void console_emergency_write(const char *text, size_t bytes);

/* From now on no writer takes the lock: a panic stops whoever might hold it. Any context. */
void console_emergency_begin(void);

/* Writes go to this screen, too. `screen` is the console's from now on. Thread context. */
void console_screen_attach(struct screen *screen);

/* Says whether the serial line has a terminal that understands colours. */
void console_serial_colours_set(bool on);

/* Takes the next key (lib/key.h). Returns KEY_NONE if none has come. Context: IRQ. */
int console_try_read_key(void);

/* Returns whether a key waits, and leaves it. Context: ANY. */
bool console_key_waits(void);

/*
 * Takes the first control-C that has come, and leaves all other keys. Returns false if none has
 * come. Context: IRQ.
 */
bool console_try_read_stop(void);

/* Waits for a key; KEY_NONE if the thread was asked to die. Thread context, sleeps. */
int console_read_key(void);

/* Has console_read_key() call `poll` again and again: for devices that cannot interrupt. */
void console_poll_set(void (*poll)(void));

/* Gets each byte from the serial line: the hook serial_receive. Context: IRQ. */
void console_serial_received(uint8_t byte);

/* Notes that the serial port lost bytes: the hook serial_overrun. Context: IRQ. */
void console_serial_overrun(void);

/* Gets each key from the keyboard. Context: IRQ. */
void console_key_received(int key);
