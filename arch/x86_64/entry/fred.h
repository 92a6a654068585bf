/*
 * FRED, flexible return and event delivery: the alternative to the IDT. The CPU enters at one of
 * two entry points (fred_entry.asm) instead of a gate, and pushes a frame of 64 bytes. It chooses
 * the stack by a level from 0 to 3 instead of an IST entry. An event whose level is higher than the
 * current one starts on the stack of its level. Any other event stays on the stack in use, so a
 * live frame is never overwritten. Vectors, handlers and struct trap_frame are the same as with the
 * IDT. docs/fred.md is the chapter about FRED.
 *
 * Source: Intel, Flexible Return and Event Delivery specification (document 346446): event
 * delivery, ERETS, ERETU, MSRs.
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/entry_mode.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "arch/x86_64/entry/vectors.h"

#define FRED_LEVELS       4
#define FRED_FRAME_BYTES  64
#define FRED_KERNEL_ENTRY 256 /* offset of ring 0's entry point from that of ring 3 */

/* Stack level of each kind of event. */
#define FRED_LEVEL_THREAD        0
#define FRED_LEVEL_PAGE_FAULT    1
#define FRED_LEVEL_INTERRUPT     1
#define FRED_LEVEL_NMI           2
#define FRED_LEVEL_MACHINE_CHECK 2
#define FRED_LEVEL_DEBUG         2
#define FRED_LEVEL_DOUBLE_FAULT  3

#define MSR_FRED_LEVELS 0x1d0 /* IA32_FRED_STKLVLS: two bits for each of the vectors 0 to 31 */
#define MSR_FRED_CONFIG 0x1d4

/*
 * CONFIG: bits 63:12 the page of the entry points, 10:9 the level of interrupts, 8:6 the bytes (in
 * units of 64) to leave free below RSP, 1:0 the current level.
 */
#define FRED_CONFIG_INTERRUPT_LEVEL_SHIFT 9
#define FRED_CONFIG_CURRENT_LEVEL         3UL

/* Types of event, bits 51:48 of the SS word. */
#define FRED_EXTERNAL_INTERRUPT  0
#define FRED_NMI                 2
#define FRED_HARDWARE_EXCEPTION  3
#define FRED_SOFTWARE_INTERRUPT  4 /* INT n */
#define FRED_PRIVILEGED_SOFTWARE 5 /* INT1 */
#define FRED_SOFTWARE_EXCEPTION  6 /* INT3, INTO */
#define FRED_OTHER               7 /* SYSCALL: vector 1; SYSENTER: vector 2 */

#define FRED_VECTOR_SYSCALL 1

/* In the CS word: the level that was interrupted, 0 for ring 3. */
#define FRED_CS_LEVEL_SHIFT 16

/* In the SS word, beside the selector. */
#define FRED_SS_NMI          (1UL << 18) /* the event was an NMI; on return: lets NMIs in again */
#define FRED_SS_VECTOR_SHIFT 32
#define FRED_SS_TYPE_SHIFT   48
#define FRED_SS_TYPE_MASK    0xfUL
#define FRED_SS_NESTED       (1UL << 58) /* raised while another event was being delivered */

/* The frame that the CPU pushes. Its first six words are the end of struct trap_frame. */
struct fred_frame {
    uint64_t error, rip, cs, rflags, rsp, ss;
    uint64_t data; /* #PF: the address; #DB: the reasons as in DR6, each bit 1 if it applies */
    uint64_t reserved;
};

/*
 * Chooses between FRED and the IDT for all CPUs, sets up the calling CPU and logs the choice. If
 * `wanted` is FRED and the CPU lacks or refuses it, it warns and chooses the IDT. Context: boot, on
 * CPU 0, once, after descriptors_load().
 */
void fred_start(enum entry_mode wanted);

/*
 * Sets up the calling CPU as fred_start() chose. Returns false if the choice was FRED and this CPU
 * refuses it. Context: boot of each other CPU, interrupts off.
 */
must_check bool fred_cpu_start(void);

/*
 * Returns true if CPUID reports FRED. Some CPUs report it and refuse it, so fred_start() tries.
 * Context: ANY.
 */
bool fred_is_advertised(void);

/*
 * Returns the kind of entry stack on which events of a kind enter: with the IDT the kind itself,
 * with FRED the one that serves the kind's level. Context: ANY.
 */
unsigned fred_stack_kind(unsigned kind);

/* Returns the kind of entry stack that serves a level; ENTRY_THREAD for level 0. Context: ANY. */
unsigned fred_level_stack_kind(unsigned level);

/* Returns the current stack level of the calling CPU. FRED must be active. Context: ANY. */
unsigned fred_level(void);

/* Returns the value of IA32_FRED_STKLVLS, made from the vector list. Context: ANY. */
uint64_t fred_levels_value(void);

/* Returns the value of IA32_FRED_CONFIG: entry points and the level of interrupts. Context: ANY. */
uint64_t fred_config_value(void);

/* Returns the type of the event of a frame that entered by FRED. Context: ANY. */
static always_inline unsigned fred_event_type(const struct trap_frame *frame)
{
    return (unsigned)(frame->ss >> FRED_SS_TYPE_SHIFT & FRED_SS_TYPE_MASK);
}

/*
 * Sets the stack level to 0 by an ERETS to itself, without a return to the interrupted code. NMIs
 * stay blocked or unblocked unless `ss_bits` has FRED_SS_NMI, which unblocks them. For code that
 * abandons an event handler. Defined in fred_entry.asm. Context: ENTRY, with RSP already on a
 * thread's stack.
 */
void fred_level_leave(uint64_t ss_bits);

/*
 * Returns the vector as which an event from ring 3 is handled. `vector` and `type` are those in the
 * SS word; the event is no interrupt and no SYSCALL. Context: ANY.
 */
unsigned fred_user_vector(unsigned type, unsigned vector);

/* Handles every event from ring 3. Context: ENTRY. Called from fred_entry.asm only. */
void fred_user_event(struct trap_frame *frame);

/*
 * Panics: reports an INT n, SYSCALL or SYSENTER in the kernel, which executes none of them.
 * Context: ENTRY. Called from fred_entry.asm only.
 */
struct trap_frame *fred_software(struct trap_frame *frame);

/* The range of the code in fred_entry.asm, for tests; it begins at fred_entry_user. */
extern const char fred_entry_kernel[], fred_path_end[];
