/*
 * User copy: the one place where the kernel touches user memory. A range that is not wholly in user
 * mode's part of the address space is refused before a byte is touched. If a page is missing, the
 * copy faults. The fault is resolved on the caller's stack, where it may sleep, and the copy goes
 * on. If the fault cannot be resolved, the copy ends with an error; the _part functions then say
 * how many bytes were copied.
 *
 * The kernel reads copied data from the copy only: user mode may change the original at any time.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"

/*
 * Returns true if each byte of [address, address + bytes) can belong to user mode. An empty range
 * qualifies if its address does. Context: ANY.
 */
bool user_range_is_valid(uintptr_t address, size_t bytes);

/*
 * Copies from user memory of the calling thread's address space. Context: THREAD; may sleep.
 * Errors: ERROR_FAULT (a byte is no user memory, or cannot be read): then *to holds a part.
 */
must_check int user_copy_in(void *to, uintptr_t from, size_t bytes);

/*
 * Copies to user memory of the calling thread's address space. Context: THREAD; may sleep. Errors:
 * ERROR_FAULT (a byte is no user memory, or cannot be written): then a part may be written.
 */
must_check int user_copy_out(uintptr_t to, const void *from, size_t bytes);

/*
 * Copies from user memory and stores in *copied how many bytes were copied, all of those before the
 * first that cannot be read. Context: THREAD; may sleep. Errors: ERROR_FAULT.
 */
must_check int user_copy_in_part(void *to, uintptr_t from, size_t bytes, size_t *copied);

/*
 * Copies to user memory and stores in *copied how many bytes were copied, all of those before the
 * first that cannot be written. Context: THREAD; may sleep. Errors: ERROR_FAULT.
 */
must_check int user_copy_out_part(uintptr_t to, const void *from, size_t bytes, size_t *copied);

/*
 * Copies a string that ends with a zero byte from user memory into `room` bytes, the zero byte
 * included, and stores its length in *length. Context: THREAD; may sleep. Errors: ERROR_FAULT;
 * ERROR_TOO_LONG (no zero byte among the first `room` bytes).
 */
must_check int user_string_copy_in(char *to, uintptr_t from, size_t room, size_t *length);

/*
 * Returns true if a page fault of the kernel was raised by an instruction of user copy, at the user
 * address that it was about to access. Any other page fault of the kernel on a user address is a
 * kernel bug. Context: ANY.
 */
bool user_copy_faulted(const struct trap_frame *frame);

/*
 * Ends the copy whose fault could not be resolved: the return through the frame goes on at the
 * fix-up. Only where user_copy_faulted() is true. Context: ANY.
 */
void user_copy_refuse(struct trap_frame *frame);
