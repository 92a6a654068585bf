/* The user's registers in a trap frame, as a structure that programs know. */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"
#include "lib/abi.h"

/* Reads the registers in a frame with user mode's. FS base is not in it. Context: ANY. */
void user_registers_read(const struct trap_frame *frame, struct thread_registers *registers);

/*
 * Writes the registers in a frame with user mode's. Of RFLAGS it takes what user mode could set by
 * itself, and RF. FS base is not in the frame. Context: ANY. Errors: ERROR_RANGE (RIP or FS base is
 * no user address); then nothing is written.
 */
must_check int user_registers_write(struct trap_frame *frame,
                                    const struct thread_registers *registers);
