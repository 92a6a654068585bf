/* FRED's stack levels, the MSRs of each CPU, and the events that only FRED reports. */
#include "arch/x86_64/entry/fred.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/asynchronous.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/safe_access.h"
#include "arch/x86_64/entry/user_context.h"

#define CPUID_7_1_EAX_FRED (1U << 17)

static const uint8_t kind_levels[ENTRY_KINDS] = {
    [ENTRY_THREAD] = FRED_LEVEL_THREAD,
    [ENTRY_PAGE_FAULT] = FRED_LEVEL_PAGE_FAULT,
    [ENTRY_INTERRUPT] = FRED_LEVEL_INTERRUPT,
    [ENTRY_NMI] = FRED_LEVEL_NMI,
    [ENTRY_MACHINE_CHECK] = FRED_LEVEL_MACHINE_CHECK,
    [ENTRY_DEBUG] = FRED_LEVEL_DEBUG,
    [ENTRY_DOUBLE_FAULT] = FRED_LEVEL_DOUBLE_FAULT,
};

/* Each level uses the entry stack of one kind. The stacks of the other kinds stay unused. */
static const uint8_t level_kinds[FRED_LEVELS] = {
    ENTRY_THREAD,
    ENTRY_INTERRUPT,
    ENTRY_NMI,
    ENTRY_DOUBLE_FAULT,
};

/* Read by fred_entry.asm: the kind of each exception, and each kind's handler. */
const uint8_t fred_vector_kinds[VECTOR_EXCEPTIONS] = {
#define VECTOR(number, symbol, has_error, stack, name) [number] = stack,
    VECTOR_LIST(VECTOR)
#undef VECTOR
};

static struct trap_frame *page_fault_early(struct trap_frame *frame)
{
    return entry_page_fault(frame, frame->address);
}

struct trap_frame *(*fred_page_fault_handler)(struct trap_frame *frame) = page_fault_early;

struct trap_frame *(*const fred_handlers[ENTRY_KINDS])(struct trap_frame *) = {
    [ENTRY_THREAD] = entry_thread,
    [ENTRY_PAGE_FAULT] = fred_software, /* unused: fred_entry.asm tests for page faults first */
    [ENTRY_INTERRUPT] = entry_interrupt,
    [ENTRY_NMI] = entry_nmi,
    [ENTRY_MACHINE_CHECK] = entry_machine_check,
    [ENTRY_DEBUG] = entry_debug,
    [ENTRY_DOUBLE_FAULT] = entry_double_fault,
};

bool fred_is_advertised(void)
{
    return cpuid(0, 0).eax >= 7 && cpuid(7, 0).eax >= 1 &&
           (cpuid(7, 1).eax & CPUID_7_1_EAX_FRED) != 0;
}

unsigned fred_level_stack_kind(unsigned level)
{
    return level_kinds[level];
}

unsigned fred_stack_kind(unsigned kind)
{
    return fred_is_active() ? level_kinds[kind_levels[kind]] : kind;
}

unsigned fred_level(void)
{
    return (unsigned)(msr_read(MSR_FRED_CONFIG) & FRED_CONFIG_CURRENT_LEVEL);
}

uint64_t fred_levels_value(void)
{
    uint64_t value = 0;
    for (unsigned vector = 0; vector < VECTOR_EXCEPTIONS; vector++) {
        value |= (uint64_t)kind_levels[fred_vector_kinds[vector]] << 2 * vector;
    }
    return value;
}

uint64_t fred_config_value(void)
{
    uint64_t level = kind_levels[ENTRY_ASYNCHRONOUS(ENTRY_INTERRUPT)];
    return (uintptr_t)fred_entry_user | level << FRED_CONFIG_INTERRUPT_LEVEL_SHIFT;
}

/*
 * Writes all MSRs that event delivery reads, and last the bit in CR4 that turns FRED on. Returns
 * false if the CPU refuses one of them.
 */
static must_check bool cpu_try(void)
{
    unsigned cpu = cpu_number();
    bool accepted = safe_msr_write(MSR_FRED_LEVELS, fred_levels_value()) &&
                    safe_msr_write(MSR_FRED_CONFIG, fred_config_value());

    /* RSP0 is for events from ring 3. No user code runs yet, so any backed stack will do. */
    accepted = accepted && safe_msr_write(MSR_FRED_RSP0, entry_stack_top(cpu, ENTRY_DEBUG));
    for (unsigned level = 1; level < FRED_LEVELS && accepted; level++) {
        accepted = safe_msr_write(MSR_FRED_RSP0 + level, entry_stack_top(cpu, level_kinds[level]));
    }
    if (accepted) {
        msr_write(MSR_STAR,
                  (uint64_t)(SELECTOR_USER_DATA - 8) << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
        accepted = safe_cr4_write(cr4_read() | CR4_FRED);
    }
    return accepted;
}

void fred_start(enum entry_mode wanted)
{
    bool advertised = fred_is_advertised();

    entry_mode_note(wanted != ENTRY_MODE_IDT && advertised && cpu_try());
    if (fred_is_active()) {
        log_info("entry: by FRED; stack levels: #PF and interrupts %u, NMI %u, #DF %u",
                 FRED_LEVEL_PAGE_FAULT, FRED_LEVEL_NMI, FRED_LEVEL_DOUBLE_FAULT);
        return;
    }
    if (wanted == ENTRY_MODE_FRED && !advertised) {
        log_warn("entry=fred: this CPU has no FRED; events enter by the IDT");
    } else if (wanted != ENTRY_MODE_IDT && advertised) {
        log_warn("entry: this CPU says that it has FRED and refuses it; events enter by the IDT");
    } else {
        log_info("entry: by the IDT, each asynchronous kind on a stack of its own");
    }
}

bool fred_cpu_start(void)
{
    return !fred_is_active() || cpu_try();
}

struct trap_frame *fred_software(struct trap_frame *frame)
{
    if (fred_event_type(frame) == FRED_OTHER) {
        panic("%s in the kernel at %p: only user mode makes system calls",
              frame->vector == 1   ? "SYSCALL"
              : frame->vector == 2 ? "SYSENTER"
                                   : "an unknown event",
              (void *)frame->rip);
    }
    panic("INT 0x%x in the kernel at %p: nothing here raises vectors by an instruction",
          frame->vector, (void *)frame->rip);
}

/* SYSENTER, and INT n at a gate that is not open, are what they are with the IDT: a #GP. */
unsigned fred_user_vector(unsigned type, unsigned vector)
{
    bool refused =
        type == FRED_OTHER || (type == FRED_SOFTWARE_INTERRUPT && !vector_is_open(vector));
    return refused ? VECTOR_GENERAL_PROTECTION : vector;
}

/*
 * The frame of an event from ring 3 lies on the thread's stack already, so it need not be moved. A
 * level above 0 means that the CPU was delivering an earlier event from ring 3 and could not push
 * its frame, because the stack at RSP0 is missing. That is a kernel bug.
 */
void fred_user_event(struct trap_frame *frame)
{
    unsigned type = fred_event_type(frame);

    if (fred_level() != 0) {
        panic("%s while an event from user mode was delivered: its stack, RSP0 = %p, is missing",
              vector_name(frame->vector), (void *)msr_read(MSR_FRED_RSP0));
    }
    if (type == FRED_EXTERNAL_INTERRUPT) {
        interrupt_dispatch(frame);
        if (unlikely(this_cpu(reschedule_wanted))) {
            entry_continue(frame);
        }
        user_return(frame);
    } else if (type == FRED_OTHER && frame->vector == FRED_VECTOR_SYSCALL) {
        syscall_from_frame(frame);
        user_return(frame);
    } else if (fred_user_vector(type, frame->vector) != frame->vector) {
        frame->vector = fred_user_vector(type, frame->vector);
        (void)entry_thread(frame);
    } else if (frame->vector == VECTOR_PAGE_FAULT) {
        entry_user_page_fault(frame);
    } else {
        struct trap_frame *(*handler)(struct trap_frame *) =
            fred_handlers[fred_vector_kinds[frame->vector]];
        struct trap_frame *moved = handler(frame);
        if (moved != NULL) {
            entry_continue(moved); /* #DB: the frame lies on the thread's stack in either case */
        }
    }
}
