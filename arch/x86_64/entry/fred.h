/*
 * FRED, flexible return and event delivery: the other way in which events may enter. The CPU goes
 * to one of two entry points (fred_entry.asm) instead of a gate, pushes a frame of 64 bytes, and
 * chooses the stack by a level from 0 to 3 instead of an IST: a higher level begins on its own
 * stack, the same or a lower one goes on where RSP is, so a live frame is never overwritten.
 * docs/fred.md tells it whole. Vectors, handlers and struct trap_frame are the IDT's.
 *
 * Source: Intel, Flexible Return and Event Delivery specification (document 346446): event
 * delivery, ERETS, ERETU, MSRs.
 */
#pragma once

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "arch/x86_64/entry/vectors.h"

enum entry_mode {
    ENTRY_MODE_BEST, /* FRED where the CPU has it */
    ENTRY_MODE_IDT,
    ENTRY_MODE_FRED,
};

#define FRED_LEVELS       4
#define FRED_FRAME_BYTES  64
#define FRED_KERNEL_ENTRY 256 /* from the page that ring 3 enters at */

/* Stack level of each kind of event. */
#define FRED_LEVEL_THREAD        0
#define FRED_LEVEL_PAGE_FAULT    1
#define FRED_LEVEL_INTERRUPT     1
#define FRED_LEVEL_NMI           2
#define FRED_LEVEL_MACHINE_CHECK 2
#define FRED_LEVEL_DEBUG         2
#define FRED_LEVEL_DOUBLE_FAULT  3

#define MSR_FRED_RSP0   0x1cc /* to 0x1cf: where each level's stack begins */
#define MSR_FRED_LEVELS 0x1d0 /* IA32_FRED_STKLVLS: two bits for each of the vectors 0 to 31 */
#define MSR_FRED_CONFIG 0x1d4

/* CONFIG: bits 63:12 the page, 10:9 the level of interrupts, 8:6 room left below RSP, 1:0 now. */
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

/* In the CS word: the level that was interrupted, 0 for ring 3. */
#define FRED_CS_LEVEL_SHIFT 16

/* In the SS word, beside the selector. */
#define FRED_SS_NMI          (1UL << 18) /* the event was an NMI; on return: lets NMIs in again */
#define FRED_SS_VECTOR_SHIFT 32
#define FRED_SS_TYPE_SHIFT   48
#define FRED_SS_TYPE_MASK    0xfUL
#define FRED_SS_NESTED       (1UL << 58) /* raised while another event was being delivered */

/* What the CPU pushes; its first six words are the end of struct trap_frame. */
struct fred_frame {
    uint64_t error, rip, cs, rflags, rsp, ss;
    uint64_t data; /* of #PF the address, of #DB what DR6 says with every bit 1 for yes */
    uint64_t reserved;
};

/*
 * Chooses how events enter, from here on and on every CPU, and says so in the log. CPU 0, once,
 * after descriptors_load() and when exceptions are handled. Whoever asks for FRED on a CPU without
 * it is told, and gets the IDT.
 */
void fred_start(enum entry_mode wanted);

/* The same choice on another CPU; false if it is FRED and this CPU refuses. Interrupts off. */
must_check bool fred_cpu_start(void);

/* Do events enter by FRED? Never changes after fred_start(). Any context. */
bool fred_is_active(void);

/* Does CPUID tell of FRED? Some CPUs do and refuse it, so fred_start() tries. */
bool fred_is_advertised(void);

/* The kind of entry stack on which this kind of event comes in now: its own, or its level's. */
unsigned fred_stack_kind(unsigned kind);

/* The same of a level; ENTRY_THREAD for level 0. */
unsigned fred_level_stack_kind(unsigned level);

/* The calling CPU's present level. Only while FRED is active. */
unsigned fred_level(void);

/* The values that the MSRs get, from the vector list. */
uint64_t fred_levels_value(void);
uint64_t fred_config_value(void);

static always_inline unsigned fred_event_type(const struct trap_frame *frame)
{
    return (unsigned)(frame->ss >> FRED_SS_TYPE_SHIFT & FRED_SS_TYPE_MASK);
}

/*
 * fred_entry.asm. Goes down to level 0 without a return to where an event came from, by an ERETS to
 * itself; NMIs stay blocked or open as they are, unless `ss_bits` has FRED_SS_NMI. RSP must be on a
 * thread's stack already. For code that leaves a handler by another way than its own.
 */
void fred_level_leave(uint64_t ss_bits);

/* Called from fred_entry.asm only: everything from ring 3, and what the kernel never does. */
void fred_user_event(struct trap_frame *frame);
struct trap_frame *fred_software(struct trap_frame *frame);

/* The range of the code in fred_entry.asm, for tests. */
extern const char fred_entry_user[], fred_entry_kernel[], fred_path_end[];
