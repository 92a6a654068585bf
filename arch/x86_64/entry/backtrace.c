/*
 * The walk along the chain of frame pointers. An odd frame pointer marks a trap frame
 * (trap_frame.h): there the chain continues in the interrupted context, on its stack. A moved frame
 * has its own mark, so it needs no special case. If a function was interrupted before it had a
 * frame of its own, its caller is taken from the top of the stack (unwind_prologue.c). If entry
 * code was interrupted while RBP had no mark, the frame that the CPU pushed is found by RSP.
 */
#include "arch/x86_64/entry/backtrace.h"

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/entry/unwind_prologue.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/format.h"
#include "lib/symbols.h"

/* Reads an aligned word of the kernel half if it is mapped. */
static bool word_read(uintptr_t address, uint64_t *word)
{
    if (address % sizeof(uint64_t) != 0 || address < DIRECT_MAP_BASE ||
        !paging_is_present(address)) {
        return false;
    }
    *word = *(volatile const uint64_t *)address;
    return true;
}

/* Reads an aligned word of the kernel half, from the copy if the window holds its address. */
static bool word_read_through(const struct backtrace_copy *window, uintptr_t address,
                              uint64_t *word)
{
    if (window == NULL || address - window->address >= window->bytes) {
        return word_read(address, word);
    }
    if (address % sizeof(uint64_t) != 0) {
        return false;
    }
    *word = *(const uint64_t *)((uintptr_t)window->image + (address - window->address));
    return true;
}

static void trace_begin(struct backtrace *trace)
{
    trace->count = 0;
    trace->full = false;
    trace->broken = false;
}

static bool step_add(struct backtrace *trace, uintptr_t address, uintptr_t frame, unsigned event)
{
    /* LAB 4 BEGIN step-add: one more step, or one more of an equal one */
    if (trace->count > 0 && event == 0) {
        struct backtrace_step *last = &trace->steps[trace->count - 1];
        if (last->event == 0 && last->address == address) {
            last->repeats++;
            return true;
        }
    }
    if (trace->count == BACKTRACE_MAX) {
        trace->full = true;
        return false;
    }
    trace->steps[trace->count++] =
        (struct backtrace_step){.address = address, .frame = frame, .event = (uint16_t)event};
    return true;
    /* LAB 4 END step-add */
}

/* Adds a step whose trap frame lies at `frame`. Returns false if the trace is full. */
static bool event_add(struct backtrace *trace, uintptr_t address, uintptr_t frame, unsigned vector,
                      bool partial)
{
    bool added = step_add(trace, address, frame, vector + 1);
    if (added) {
        trace->steps[trace->count - 1].partial = partial;
    }
    return added;
}

/* Reads the words of a trap frame that a backtrace needs. Returns false if one is not mapped. */
static bool trap_frame_read(uintptr_t at, uint64_t *rip, uint64_t *rbp, uint32_t *vector)
{
    const struct trap_frame *frame = (const struct trap_frame *)at;
    uint64_t word, rsp;
    if (!word_read((uintptr_t)&frame->rip, rip) || !word_read((uintptr_t)&frame->rbp, rbp) ||
        !word_read((uintptr_t)&frame->error, &word) || !word_read((uintptr_t)&frame->rsp, &rsp)) {
        return false;
    }
    *vector = (uint32_t)(word >> 32);
    return true;
}

/* Returns the vector of the event whose entry code is at `rip`, on the entry stack of this kind. */
static unsigned entry_code_vector(unsigned kind, uintptr_t rip, const struct trap_frame *frame)
{
    static const uint8_t vectors[ENTRY_KINDS] = {
        [ENTRY_PAGE_FAULT] = VECTOR_PAGE_FAULT,       [ENTRY_NMI] = VECTOR_NMI,
        [ENTRY_MACHINE_CHECK] = VECTOR_MACHINE_CHECK, [ENTRY_DEBUG] = VECTOR_DEBUG,
        [ENTRY_DOUBLE_FAULT] = VECTOR_DOUBLE_FAULT,
    };
    if (kind != ENTRY_INTERRUPT) {
        return vectors[kind];
    }
    for (unsigned vector = VECTOR_EXCEPTIONS; vector < VECTOR_COUNT; vector++) {
        if (rip - entry_stubs[vector] < ENTRY_STUB_BYTES) {
            return vector; /* the stub has not written the vector into the frame yet */
        }
    }
    return frame->vector;
}

/*
 * Follows entry code that was interrupted while RBP had no mark: before the entry set RBP, or after
 * the exit restored it. RBP then still belongs to the context that the entry code interrupted. All
 * other code on an entry stack has an RBP that lies on this entry stack or has a mark, so the case
 * is recognised by RBP. The words that the CPU pushed lie at the top of the stack's area. (With
 * FRED there are no areas, and the interrupted function is left out.) Adds a step for the context
 * that was interrupted, and changes *rip and *rsp to those of that context. Returns false if the
 * backtrace ends there: it is full, or the context is user mode.
 */
static bool entry_code_follow(struct backtrace *trace, uint64_t rbp, uintptr_t *rip, uintptr_t *rsp)
{
    unsigned cpu, kind, other_cpu, other_kind;
    while (!(rbp & TRAP_FRAME_MARK) && !fred_is_active() && entry_stack_find(*rsp, &cpu, &kind) &&
           !(entry_stack_find(rbp, &other_cpu, &other_kind) && other_kind == kind)) {
        const struct trap_frame *frame =
            (const struct trap_frame *)(align_up(*rsp, ENTRY_AREA_BYTES) - sizeof(*frame));
        unsigned vector = entry_code_vector(kind, *rip, frame);
        *rip = frame->rip;
        *rsp = frame->rsp;
        if (!event_add(trace, *rip, (uintptr_t)frame, vector, true) ||
            trap_frame_from_user(frame)) {
            return false;
        }
    }
    return true;
}

static void chain_follow(struct backtrace *trace, uintptr_t frame_pointer,
                         const struct backtrace_copy *window)
{
    /* LAB 4 BEGIN chain-follow: follow the frame pointers, across calls and events */
    while (frame_pointer != 0) {
        uint64_t next, address;
        if (frame_pointer & TRAP_FRAME_MARK) {
            uint32_t vector;
            uintptr_t at = frame_pointer - TRAP_FRAME_MARK;
            if (!trap_frame_read(at, &address, &next, &vector)) {
                trace->broken = true;
                return;
            }
            if (!event_add(trace, address, at, vector & ~TRAP_FRAME_SHORT,
                           vector & TRAP_FRAME_SHORT)) {
                return;
            }
            /* User mode has no frames of the kernel, and may have any value in RBP and RSP. */
            if (trap_frame_from_user((const struct trap_frame *)at)) {
                return;
            }
            uintptr_t rsp = ((const struct trap_frame *)at)->rsp;
            if (!entry_code_follow(trace, next, &address, &rsp)) {
                return;
            }
            uintptr_t caller = unwind_prologue_caller(address, rsp, word_read);
            if (caller != 0 && !step_add(trace, caller, rsp, 0)) {
                return;
            }
        } else {
            if (!word_read_through(window, frame_pointer, &next) ||
                !word_read_through(window, frame_pointer + 8, &address)) {
                trace->broken = true;
                return;
            }
            if (address == 0) {
                return;
            }
            if (!step_add(trace, address, frame_pointer, 0)) {
                return;
            }
            /* Within one stack each frame pointer is above the last; else the chain is damaged. */
            if (next != 0 && !(next & TRAP_FRAME_MARK) && next <= frame_pointer) {
                trace->broken = true;
                return;
            }
        }
        frame_pointer = next;
    }
    /* LAB 4 END chain-follow */
}

void backtrace_from(struct backtrace *trace, uintptr_t address, uintptr_t frame_pointer)
{
    trace_begin(trace);
    if (address != 0) {
        step_add(trace, address, frame_pointer, 0);
    }
    chain_follow(trace, frame_pointer, NULL);
}

void backtrace_from_copy(struct backtrace *trace, uintptr_t address, uintptr_t frame_pointer,
                         const struct backtrace_copy *window)
{
    trace_begin(trace);
    step_add(trace, address, frame_pointer, 0);
    chain_follow(trace, frame_pointer, window);
}

void backtrace_from_frame(struct backtrace *trace, const struct trap_frame *frame)
{
    trace_begin(trace);
    chain_follow(trace, (uintptr_t)frame + TRAP_FRAME_MARK, NULL);
}

void backtrace_from_here(struct backtrace *trace)
{
    trace_begin(trace);
    chain_follow(trace, (uintptr_t)__builtin_frame_address(0), NULL);
}

static void step_format(char *text, size_t bytes, unsigned number,
                        const struct backtrace_step *step)
{
    /* The call may be the last instruction of its function: look one byte before its return. */
    bool returns = step->event == 0;
    uintptr_t offset = 0;
    const char *name = symbol_find(step->address - returns, &offset);
    size_t used = format_string(text, bytes, "  #%-2u %p %s+0x%lx", number, (void *)step->address,
                                name != NULL ? name : "?", offset + returns);
    if (!returns && used < bytes) {
        format_string(text + used, bytes - used, "   <- interrupted by %s, frame at %p",
                      vector_name(step->event - 1), (void *)step->frame);
    } else if (step->repeats > 0 && used < bytes) {
        format_string(text + used, bytes - used, "   and %u times more", step->repeats);
    }
}

void backtrace_lines(const struct backtrace *trace, void (*line)(const char *text))
{
    for (uint32_t i = 0; i < trace->count; i++) {
        char text[160];
        step_format(text, sizeof(text), i, &trace->steps[i]);
        line(text);
    }
    if (trace->full) {
        line("  (and more)");
    }
    if (trace->broken) {
        line("  (the chain of frame pointers breaks off here)");
    }
}

static void line_log(const char *text)
{
    log_error("%s", text);
}

static void line_raw(const char *text)
{
    log_raw("%s\n", text);
}

void backtrace_log(const struct backtrace *trace)
{
    backtrace_lines(trace, line_log);
}

void backtrace_raw(const struct backtrace *trace)
{
    backtrace_lines(trace, line_raw);
}
