/*
 * Brings the console's devices up: chooses the screen's driver, and connects keyboard and serial
 * input to their interrupts. Thread context, each once.
 */
#pragma once

#include "boot/framebuffer_info.h"

/*
 * Takes the screen that the boot loader described, or VGA text if it described none, and shows what
 * the log holds so far. Without any screen the console is the serial line. After paging is up.
 */
void console_screen_start(const struct framebuffer_info *info);

/* Gets each scan code byte from the keyboard. Context: IRQ. */
void console_scan_code_received(uint8_t scan_code);

/*
 * Input from the serial line and, unless `keyboard_absent`, from the PS/2 keyboard. After the I/O
 * APIC is up. Devices whose interrupt cannot be delivered are polled by console_read_key().
 */
void console_input_start(bool keyboard_absent);
