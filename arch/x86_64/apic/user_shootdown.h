/*
 * TLB shootdown for the lower half: the CPUs that have the root of one address space loaded remove
 * their translations of a range of it. Other CPUs have none and are not interrupted. Rounds of
 * different address spaces may run at the same time.
 */
#pragma once

#include "arch/x86_64/paging/user_tables.h"

/* Registers the interrupt of user shootdowns. Context: boot, on CPU 0, once. */
void user_shootdown_init(void);

/*
 * Removes the translations of [address, address + bytes) of these tables from all CPUs and returns
 * when none has one. With `bytes` SIZE_MAX it removes all of their translations, also those of the
 * tables themselves through the recursive mapping; this is necessary before the frame of a table is
 * used again. Context: THREAD, or ATOMIC with preemption off; interrupts on, no spinlock held.
 */
void user_shootdown(struct user_tables *tables, uintptr_t address, size_t bytes);

/*
 * Makes each CPU that has the root of these tables loaded load the kernel's own root, and returns
 * when none has it. No thread that uses the tables may run any more. Context: THREAD.
 */
void user_tables_evict(struct user_tables *tables);
