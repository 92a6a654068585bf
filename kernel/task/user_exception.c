/* What happens to a thread that raised an exception in user mode: a report, and its end. */
#include "kernel/task/user_exception.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/entry/entry.h"
#include "lib/error.h"
#include "lib/format.h"
#include "sched/core/thread.h"

#define CAUSE_BYTES 96

static const char *access_name(uint32_t error)
{
    if (error & PAGE_FAULT_FETCH) {
        return "jumped to";
    }
    return error & PAGE_FAULT_WRITE ? "wrote to" : "read from";
}

static void cause_describe(char *text, size_t bytes, const struct trap_frame *frame)
{
    if (frame->vector == VECTOR_PAGE_FAULT) {
        format_string(text, bytes, "%s %p, where %s", access_name(frame->error),
                      (void *)frame->address,
                      frame->error & PAGE_FAULT_PRESENT ? "the page's rights forbid it"
                                                        : "nothing is mapped");
    } else {
        format_string(text, bytes, "raised %s (error code 0x%x)", vector_name(frame->vector),
                      frame->error);
    }
}

static void registers_log(const struct trap_frame *f)
{
    log_error("  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", f->rax, f->rbx, f->rcx, f->rdx);
    log_error("  rsi %016lx  rdi %016lx  rbp %016lx  rsp %016lx", f->rsi, f->rdi, f->rbp, f->rsp);
    log_error("  r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx", f->r8, f->r9, f->r10, f->r11);
    log_error("  r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx", f->r12, f->r13, f->r14, f->r15);
}

void user_exception_end(struct trap_frame *frame)
{
    const struct thread *self = thread_current();
    char cause[CAUSE_BYTES];

    cause_describe(cause, sizeof(cause), frame);
    log_error("user mode: thread %u (%s): code at %p %s; the thread ends", self->id, self->name,
              (void *)frame->rip, cause);
    registers_log(frame);
    thread_exit(ERROR_FAULT);
}

bool user_page_fault(struct trap_frame *frame)
{
    if (!trap_frame_from_user(frame)) {
        return false;
    }
    interrupts_enable();
    user_exception_end(frame);
    return true;
}
