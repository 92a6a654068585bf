/*
 * The console: output goes to the serial line and to the screen; keys come from the serial line and
 * from the keyboard. The text of one call stays together, whatever other CPUs write (up to
 * CONSOLE_TEXT_MAX bytes). Colours go to the screen, and to the serial line only after
 * console_serial_colours_set(true).
 *
 * The text of a call goes into a ring (output_ring.h), in the order of the calls. A caller with
 * interrupts and preemption on returns when its text is shown. For any other caller the thread
 * "console" shows it afterwards; so interrupts are off only while the text is formatted. If the
 * ring is full then, the text is lost, and a notice in its place counts such texts. NMI, #MC and
 * #DF use console_emergency_write() instead.
 */
#pragma once

#include <stdarg.h>

#include "kernel/console/console_style.h"
#include "lib/compiler.h"
#include "lib/key.h"
#include "lib/screen.h"

#define CONSOLE_TEXT_MAX 1024

/* Writes `bytes` bytes of text. Context: IRQ. */
void console_write(const char *text, size_t bytes);

/* Writes formatted text. Context: IRQ. */
void console_print(const char *format, ...) printf_like(1, 2);

/* Writes formatted text in a style, which ends with the text. Context: IRQ. */
void console_print_styled(enum console_style style, const char *format, ...) printf_like(2, 3);

/* Writes `bytes` bytes of text in a style, which ends with the text. Context: IRQ. */
void console_write_styled(enum console_style style, const char *text, size_t bytes);

/*
 * Writes formatted text in a style into the ring and leaves it there: console_flush() follows, once
 * the caller has released its locks. Context: IRQ.
 */
void console_queue_styled(enum console_style style, const char *format, ...) printf_like(2, 3);

/*
 * If the ring is more than half full, and the caller may wait for the serial line (interrupts and
 * preemption on), shows text until the ring is empty, so that a text that follows is not lost.
 * Otherwise does nothing. Context: IRQ.
 */
void console_room_make(void);

/*
 * Shows what the ring holds: at once if interrupts and preemption are on, else by the thread
 * "console". Context: IRQ.
 */
void console_flush(void);

/*
 * Writes to the devices at once, past the ring and without a lock, for panics and NMIs: the code
 * that holds the lock may never go on. The text may mix with other output. Context: ANY.
 */
void console_emergency_write(const char *text, size_t bytes);

/*
 * From now on all functions write to the devices at once, past the ring and without a lock: a panic
 * is about to stop the CPU that may hold the lock. Context: ANY.
 */
void console_emergency_begin(void);

/*
 * Shows what the ring holds: text that was written before console_emergency_begin(). The other CPUs
 * are stopped. Context: ANY.
 */
void console_emergency_flush(void);

/*
 * Makes `screen` the screen that output goes to (NULL: none), and returns the previous one. Only
 * the console uses `screen` from now on. Context: THREAD.
 */
struct screen *console_screen_attach(struct screen *screen);

/* Sets whether colours go to the serial line. Context: THREAD. */
void console_serial_colours_set(bool on);

/* Takes the next key (lib/key.h). Returns KEY_NONE if none has come. Context: IRQ. */
int console_try_read_key(void);

/* Returns whether there is a key to read. Context: ANY. */
bool console_key_waits(void);

/*
 * Takes the first control-C that has come, and leaves all other keys. Returns false if none has
 * come. Context: IRQ.
 */
bool console_try_read_stop(void);

/* Waits for a key and takes it. Returns KEY_NONE if the thread was killed. Context: THREAD. */
int console_read_key(void);

/*
 * Sets a function that console_read_key() calls every 10 ms: for devices without an interrupt.
 * Context: THREAD.
 */
void console_poll_set(void (*poll)(void));

/*
 * Takes a byte that came from the serial line. For kernel/hooks.c: the hook serial_receive.
 * Context: IRQ.
 */
void console_serial_received(uint8_t byte);

/*
 * Notes that the serial port lost bytes. For kernel/hooks.c: the hook serial_overrun. Context: IRQ.
 */
void console_serial_overrun(void);

/* Takes a key that was pressed on the keyboard. Context: IRQ. */
void console_key_received(int key);
