/* Converts the user's registers between a trap frame and lib/abi.h:struct thread_registers. */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"
#include "lib/abi.h"

/* Reads user mode's registers from a frame. Sets fs_base to 0: it is not there. Context: ANY. */
void user_registers_read(const struct trap_frame *frame, struct thread_registers *registers);

/*
 * Writes user mode's registers to a frame. Of RFLAGS it takes only the bits that user mode could
 * set by itself, and RF. It checks fs_base but does not store it: the frame has no place for it.
 * Context: ANY. Errors: ERROR_RANGE (RIP or FS base is no user address); then nothing is written.
 */
must_check int user_registers_write(struct trap_frame *frame,
                                    const struct thread_registers *registers);
