/*
 * Overflow: a thread touched an address below the lowest page that its stack may have. The handler
 * runs on an entry stack. It writes the backtrace to the top of the thread's stack and changes the
 * trap frame, so that the thread goes on in overflow_exit() below the record. That function logs
 * the record and ends the thread. The frames that were on the stack are lost, so the thread must
 * hold nothing that others need: the overflow is a panic if the thread holds a spinlock or a mutex,
 * has interrupts off, or may not die.
 */
#include "sched/stack/overflow.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/depth_section.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/entry/backtrace.h"
#include "arch/x86_64/entry/descriptors.h"
#include "lib/error.h"
#include "lib/format.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_fault.h"
#include "mm/stack/stack_large.h"
#include "sched/core/thread.h"

/* Lies at the top of the stack that overflowed; the exit path uses the stack below it. */
struct overflow_record {
    uintptr_t address; /* touched, or needed for a frame that preempts the thread */
    uintptr_t rip;
    uintptr_t rsp;
    struct backtrace trace;
};

#define EXCESS_TEXT_BYTES 128

static uint32_t overflows;

uint32_t overflow_count(void)
{
    return overflows;
}

/* Writes how far below its limit the thread went, and which limit that is. */
static void excess_describe(char *text, size_t bytes, uint32_t slot, uintptr_t address)
{
    size_t kib = stack_bytes_of(slot) / 1024;
    uintptr_t limit = stack_limit(slot);
    if (address < stack_bottom(slot)) {
        format_string(text, bytes, "%lu bytes below its %lu KiB stack",
                      stack_bottom(slot) - address, kib);
    } else if (limit < stack_floor(slot)) {
        format_string(text, bytes,
                      "%lu bytes below what stack_ensure() asked for (%p) of its %lu "
                      "KiB stack",
                      limit - address, (void *)limit, kib);
    } else {
        format_string(text, bytes,
                      "%lu bytes below the fault floor (%p) of its %lu KiB stack, "
                      "and did not ask by stack_ensure()",
                      limit - address, (void *)limit, kib);
    }
}

/* The log takes whole lines, so the pieces of a line are put together first. */
static void record_log(const struct overflow_record *record)
{
    const struct thread *self = thread_current();
    char excess[EXCESS_TEXT_BYTES];
    excess_describe(excess, sizeof(excess), self->slot, record->address);
    log_error("stack overflow: thread %u (%s) needed %p, %s [%p, %p); it was %lu bytes deep",
              self->id, self->name, (void *)record->address, excess,
              (void *)stack_bottom(self->slot), (void *)stack_top(self->slot),
              stack_top(self->slot) - record->rsp);
    backtrace_log(&record->trace);
    log_error("the thread ends here, the machine goes on; look for recursion without an end or a "
              "large local variable in the functions above");
}

/* Runs in the thread again, on the top page of its stack, interrupts on. */
static noreturn_function void overflow_exit(const struct overflow_record *record)
{
    record_log(record);
    __atomic_add_fetch(&overflows, 1, __ATOMIC_RELAXED);
    thread_exit(ERROR_RANGE);
}

/* Returns why the overflow must be a panic, or NULL if the thread can be ended. */
static const char *overflow_fatal(const struct trap_frame *frame, const struct thread *thread,
                                  uint32_t slot)
{
    /* LAB 4 BEGIN overflow-fatal: why the thread cannot be ended here, or NULL */
    if (thread == NULL || thread->slot != slot) {
        return "in the middle of a context switch";
    }
    if (thread->may_not_die) {
        return "in a thread that the kernel cannot do without";
    }
    if (this_cpu(preempt_count) != 0) {
        return "while it held a spinlock";
    }
    if (thread->mutexes_held != 0) {
        return "while it held a mutex";
    }
    if (!(frame->rflags & FLAGS_INTERRUPT)) {
        return "with interrupts off";
    }
#ifdef INVARIANT
    if (this_cpu(depth_sections) != 0) {
        return "in a depth section, which touched too little of its stack at its beginning";
    }
#endif
    return NULL;
    /* LAB 4 END overflow-fatal */
}

void overflow_handle(struct trap_frame *frame, uintptr_t address, uint32_t slot)
{
    const struct thread *thread = thread_current();
    const char *fatal = overflow_fatal(frame, thread, slot);
    if (fatal != NULL) {
        panic("stack overflow of thread %u (%s) %s: code at %p touched %p, below the %s %p; look "
              "for recursion without an end or a large local variable",
              thread != NULL ? thread->id : 0, thread != NULL ? thread->name : "none", fatal,
              (void *)frame->rip, (void *)address,
              address < stack_bottom(slot) ? "stack's end" : "depth that stack_ensure() asked for,",
              (void *)(address < stack_bottom(slot) ? stack_bottom(slot) : stack_limit(slot)));
    }
    /* LAB 4 BEGIN overflow-record: keep what the log tells, and send the thread to overflow_exit() */
    struct overflow_record *record = (struct overflow_record *)stack_top(slot) - 1;
    struct backtrace trace;
    backtrace_from_frame(&trace, frame); /* before the record overwrites the top of the stack */
    record->trace = trace;
    record->address = address;
    record->rip = frame->rip;
    record->rsp = frame->rsp;
    *frame = (struct trap_frame){
        .rip = (uintptr_t)overflow_exit,
        .rdi = (uintptr_t)record,
        .rsp = align_down((uintptr_t)record, 16) - 8, /* as after a call */
        .cs = SELECTOR_KERNEL_CODE,
        .ss = SELECTOR_KERNEL_DATA,
        .rflags = FLAGS_INTERRUPT | 2,
    };
    /* LAB 4 END overflow-record */
}
