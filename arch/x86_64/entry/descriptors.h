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

/* Says whether ring 3 may raise a vector by INT n; elsewhere that is a #GP. Context: ANY. */
static always_inline bool vector_is_open(unsigned vector)
{
    return vector == VECTOR_BREAKPOINT;
}

/* The most bytes of a stub in entry.asm, up to its jump. */
#define ENTRY_STUB_BYTES 16

/* The stub of each vector, in entry.asm: where the IDT's gates lead. */
extern const uintptr_t entry_stubs[VECTOR_COUNT];

/*
 * Fills and loads the GDT, the task state and the IDT of the calling CPU, enables machine checks,
 * and sets its memory types. Context: boot of each CPU, once, interrupts off, after
 * percpu_activate().
 */
void descriptors_load(void);

/*
 * Returns the address above the entry stack of a kind: the value of TSS.IST while no event of the
 * kind is being handled. Context: ANY.
 */
uintptr_t entry_stack_top(unsigned cpu, unsigned kind);

/* Returns the lowest backed address of an entry stack. A guard lies below. Context: ANY. */
uintptr_t entry_stack_bottom(unsigned cpu, unsigned kind);

/*
 * Stores the CPU and the kind of the entry stack in which an address lies. The address of the
 * stack's top, which is the stack pointer while the stack is empty, counts too. Returns false if
 * there is no such stack; then *cpu and *kind mean nothing. Context: ANY.
 */
bool entry_stack_find(uintptr_t address, unsigned *cpu, unsigned *kind);

/*
 * Stores the CPU and the kind of the entry stack in whose guard an address lies. Returns false if
 * it lies in none. Context: ANY.
 */
bool entry_stack_guard_find(uintptr_t address, unsigned *cpu, unsigned *kind);

/* Returns a short name for a kind of entry stack, for messages. Context: ANY. */
const char *entry_stack_name(unsigned kind);
