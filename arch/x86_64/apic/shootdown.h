/*
 * TLB shootdown: every CPU removes its cached translations of a range. It is needed after an entry
 * becomes absent and before its frame is used again. Any CPU may have walked there speculatively,
 * so all online CPUs take part.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Registers the shootdown interrupt. Context: boot, on CPU 0, once. */
void shootdown_init(void);

/*
 * Removes the translations of [address, address + bytes) from all online CPUs and returns when none
 * has one. Waits for the round of another CPU and one more at most. Context: THREAD, interrupts and
 * preemption on, no spinlock held, because another CPU may be waiting for this one.
 */
void shootdown(uintptr_t address, size_t bytes);

/*
 * Counts the calling CPU as online, in place of cpu_online_add(), and makes it take part in all
 * later shootdowns. Context: boot of each CPU, interrupts off.
 */
void shootdown_cpu_join(void);

/* Returns the number of calls of shootdown() that involved other CPUs. Context: ANY. */
uint64_t shootdown_count(void);
