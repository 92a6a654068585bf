/*
 * TLB shootdown: every CPU removes its cached translations of a range of the kernel half. It is
 * needed between the moment when an entry becomes absent and the moment when its frame is used
 * again. All online CPUs take part, because a CPU may have translated the address speculatively.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Registers the shootdown interrupt. Context: boot, on CPU 0, once. */
void shootdown_init(void);

/*
 * Removes the translations of [address, address + bytes), whole pages, from all online CPUs and
 * returns when none has one. Waits for two rounds at most: the one that is under way, and the next
 * one. Context: THREAD, interrupts and preemption on, no spinlock held, because another CPU may be
 * waiting for this one.
 */
void shootdown(uintptr_t address, size_t bytes);

/*
 * Counts the calling CPU as online, in place of cpu_online_add(), and makes it take part in all
 * later shootdowns. Context: boot of each CPU, interrupts off.
 */
void shootdown_cpu_join(void);

/* Returns the number of calls of shootdown() that involved other CPUs. Context: ANY. */
uint64_t shootdown_count(void);
