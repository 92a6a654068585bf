/*
 * The devices that the kernel hands over (docs/console.md): its text, and the key that gives the
 * devices to the kernel's monitor.
 */
#pragma once

#include "lib/abi.h"

/*
 * Takes the devices. The notification gets these bits when the kernel has text, when a device
 * interrupts, and when the monitor takes the devices or gives them back. Errors: those of
 * console_take().
 */
must_check int handover_begin(uint32_t notification, uint64_t text, uint64_t interrupt,
                              uint64_t change);

/* Returns whether handover_begin() succeeded. */
bool handover_has_begun(void);

/*
 * Says which devices there are. Returns a handle to the memory of the screen, 0 if there is no
 * screen, or an error of console_describe().
 */
must_check int64_t handover_describe(struct console_devices *devices);

/*
 * Takes text of the kernel. Returns how many bytes, 0 if there is none; ERROR_AGAIN while the
 * monitor has the devices.
 */
must_check int64_t handover_text(char *to, size_t bytes);

/* Gives the devices to the monitor, until its command `resume`. */
void handover_monitor(void);
