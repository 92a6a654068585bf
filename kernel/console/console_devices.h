/*
 * Starts the devices of the console: chooses the driver of the screen, and connects keyboard and
 * serial input to their interrupts.
 */
#pragma once

#include "lib/framebuffer_info.h"

/*
 * Starts the screen that the boot loader described, or VGA text if it described none, and shows the
 * log so far. Without a screen the console is the serial line alone. Context: boot, after the page
 * tables are built.
 */
void console_screen_start(const struct framebuffer_info *info);

/*
 * Returns the display that the screen uses; its kind is FRAMEBUFFER_NONE if there is no screen.
 * Context: ANY, after console_screen_start().
 */
const struct framebuffer_info *console_display(void);

/*
 * Takes a byte of a scan code from the keyboard. For kernel/hooks.c: the hook keyboard_receive.
 * Context: IRQ.
 */
void console_scan_code_received(uint8_t scan_code);

/*
 * Starts input from the serial line and, unless `keyboard_absent`, from the PS/2 keyboard. A device
 * whose interrupt cannot be delivered is polled by console_read_key(). Context: THREAD, once, after
 * ioapic_init().
 */
void console_input_start(bool keyboard_absent);
