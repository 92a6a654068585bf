/*
 * Segments, the task state with its interrupt stack table (IST), and the IDT of each CPU.
 * Source: SDM volume 3A, sections 3.4.5, 6.14, 8.7.
 */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/vectors.h"

#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA   0x1b
#define SELECTOR_USER_CODE   0x23
#define SELECTOR_TASK        0x28

struct task_state {
    uint32_t reserved_0;
    uint64_t rsp[3];
    uint64_t reserved_1;
    uint64_t ist[7]; /* ist[0] is IST 1 */
    uint64_t reserved_2;
    uint16_t reserved_3;
    uint16_t io_map_offset;
} packed;

DECLARE_PER_CPU(struct task_state, cpu_task_state);

/* Fills and loads the calling CPU's GDT, task state and the IDT. Interrupts off. Once a CPU. */
void descriptors_load(void);

/* The value that TSS.IST of this kind has when nothing of the kind is being handled. */
uintptr_t entry_stack_top(unsigned cpu, unsigned kind);

/* The lowest backed address of that entry stack; one guard lies below. */
uintptr_t entry_stack_bottom(unsigned cpu, unsigned kind);

/* Which kind of entry stack of which CPU does the address lie on? False if on none. */
bool entry_stack_find(uintptr_t address, unsigned *cpu, unsigned *kind);

/* Whose guard, the range between two entry stacks, does the address lie in? False if in none. */
bool entry_stack_guard_find(uintptr_t address, unsigned *cpu, unsigned *kind);

/* Short name of an entry stack's kind, for messages. */
const char *entry_stack_name(unsigned kind);
