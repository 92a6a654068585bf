/*
 * Exceptions of user mode. A page fault is resolved by the task's address space, on the thread's
 * own kernel stack, where it may sleep; so is a fault of user_copy_in() or user_copy_out() in a
 * system call. A fault that cannot be resolved is told to the task's handler, if it has one.
 * Otherwise it ends the task, with a report in the log: the thread, the address of the instruction,
 * what it did and why that was refused, the region, the registers, and the backtrace.
 */
#include "kernel/task/user_exception.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/task/task_handler.h"
#include "kernel/task/task_oom.h"
#include "kernel/task/user_thread.h"
#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"
#include "sched/stack/oom.h"

#define CAUSE_BYTES    160
#define BACKTRACE_MOST 16
/* Of a line of the backtrace. With the time before it, it fits on a screen of 80 columns. */
#define BACKTRACE_COLUMNS 64
/* The pause between two attempts while another thread is at work on the page. */
#define FAULT_WAIT_NS 1000

/* A fault waits at most so long for a frame, and looks at such intervals. */
#define MEMORY_WAIT_NS 5000000000UL
#define MEMORY_POLL_NS 1000000UL

static const char *access_name(uint32_t error)
{
    if (error & PAGE_FAULT_FETCH) {
        return "jumped to";
    }
    return error & PAGE_FAULT_WRITE ? "wrote to" : "read from";
}

static void cause_describe(char *text, size_t bytes, const struct trap_frame *frame,
                           const char *reason)
{
    if (frame->vector == VECTOR_PAGE_FAULT) {
        format_string(text, bytes, "%s %p: %s", access_name(frame->error), (void *)frame->address,
                      reason);
    } else if (frame->vector == VECTOR_NO_FPU) {
        format_string(
            text, bytes,
            "raised %s: it used the FPU, which was not asked for when the thread was created",
            vector_name(frame->vector));
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

/* A line of addresses that is not complete. */
struct backtrace_line {
    size_t used;
    char text[BACKTRACE_COLUMNS + 1];
};

/*
 * Adds an address to the line. A full line goes to the log: with an address a line the report would
 * push what the shell says of the program's end off a screen of 25 lines.
 */
static void backtrace_line_add(struct backtrace_line *line, uint64_t address)
{
    size_t left = sizeof(line->text) - line->used;

    if (format_string(line->text + line->used, left, " 0x%lx", address) >= left) {
        line->text[line->used] = '\0';
        log_error("%s", line->text);
        line->used = format_string(line->text, sizeof(line->text), "             0x%lx", address);
    } else {
        line->used = strlen(line->text);
    }
}

/* Follows the frame pointers of the program, which may hold anything. */
static void backtrace_log_user(const struct trap_frame *frame)
{
    struct backtrace_line line;
    uint64_t words[2], at = frame->rbp;

    line.used = format_string(line.text, sizeof(line.text), "  backtrace: 0x%lx", frame->rip);
    for (unsigned i = 0; i < BACKTRACE_MOST && at != 0; i++) {
        if (at % sizeof(uint64_t) != 0 || user_copy_in(words, at, sizeof(words)) != OK ||
            words[1] == 0) {
            break;
        }
        backtrace_line_add(&line, words[1]);
        if (words[0] <= at) {
            break; /* the frame of a caller lies above */
        }
        at = words[0];
    }
    log_error("%s", line.text);
}

/* Says what is mapped at an address, if anything is: the reason says so if nothing is. */
static void region_log(struct task *task, uintptr_t address)
{
    struct address_space_place place;

    if (address_space_find(&task->space, address, &place)) {
        log_error("  region: %p to %p, %c%c%c%s", (void *)place.start,
                  (void *)(place.start + place.bytes), place.rights & SPACE_READ ? 'r' : '-',
                  place.rights & SPACE_WRITE ? 'w' : '-', place.rights & SPACE_EXECUTE ? 'x' : '-',
                  place.is_stack_guard ? ", the guard of a stack" : "");
    }
}

static void report_log(const struct trap_frame *frame, const char *cause, const char *who)
{
    const struct thread *self = thread_current();
    struct task *task = task_current();

    log_error("user exception: task %u (%s), thread %u: code at %p %s; the %s ends",
              task != NULL ? task->id : 0, self->name, self->id, (void *)frame->rip, cause, who);
    if (task != NULL && frame->vector == VECTOR_PAGE_FAULT) {
        region_log(task, frame->address);
    }
    registers_log(frame);
    if (task != NULL) {
        backtrace_log_user(frame);
    }
}

/* Handles an exception; returns only if the task's handler lets the thread go on. */
static void exception_handle(struct trap_frame *frame, const char *reason, int error)
{
    struct task *task = task_current();
    enum handler_verdict verdict = HANDLER_NONE;
    bool by_pager = task != NULL && thread_user()->pager_failed;
    int status = ERROR_FAULT;
    char cause[CAUSE_BYTES];

    cause_describe(cause, sizeof(cause), frame, reason);
    if (task != NULL) {
        verdict = task_handler_ask(frame, cause, error, &status);
    }
    if (verdict == HANDLER_RESUME) {
        thread_user()->pager_failed = false;
        return;
    }
    if (verdict == HANDLER_NONE && by_pager) {
        verdict = HANDLER_END;
        status = thread_user()->status;
    }
    report_log(frame, cause, verdict == HANDLER_END ? "thread" : "task");
    if (task != NULL && verdict == HANDLER_NONE) {
        task_kill(task, status);
    }
    thread_exit(status);
}

void user_exception_deliver(struct trap_frame *frame)
{
    exception_handle(frame, "", ERROR_FAULT);
}

/*
 * Resolves a fault of the current thread, after a first try that ended with `error`. Returns OK if
 * the instruction can be tried again, or ERROR_KILLED, or why it cannot be resolved. Without memory
 * the fault waits for some: the swapper may be taking it from stacks of threads that sleep. With
 * starve-kill= a task may end for it; a system call, which may hold locks, leaves that to others.
 */
static must_check int fault_resolve(const struct trap_frame *frame, int error, const char **reason)
{
    uint64_t waited_ns = 0;
    for (;;) {
        bool no_memory = error == ERROR_NO_MEMORY && waited_ns < MEMORY_WAIT_NS + oom_limit_ns();
        if (error != ERROR_AGAIN && !no_memory) {
            return error;
        }
        if (no_memory && trap_frame_from_user(frame)) {
            task_oom_look(waited_ns);
        }
        waited_ns += no_memory ? MEMORY_POLL_NS : 0;
        error = thread_sleep_ns(no_memory ? MEMORY_POLL_NS : FAULT_WAIT_NS);
        if (error != OK) {
            return error;
        }
        error = address_space_fault(&task_current()->space, frame->address, frame->error, reason);
    }
}

/* Makes the copy fail. If a pager has failed, the thread ends on its way to user mode. */
static void copy_refuse(struct trap_frame *frame, const char *reason)
{
    const struct thread *self = thread_current();
    struct user_thread *user = thread_user();
    if (user != NULL && user->pager_failed) {
        log_error("user memory: a system call of thread %u (%s) %s %p: %s; the thread ends",
                  self->id, self->name, access_name(frame->error), (void *)frame->address, reason);
        __atomic_or_fetch(&user->context.hazards, USER_HAZARD_END, __ATOMIC_SEQ_CST);
    }
    user_copy_refuse(frame);
}

/* The rest of user_page_fault() after a first try that ended with an error. */
static never_inline void fault_go_on(struct trap_frame *frame, int error, const char *reason)
{
    bool from_user = trap_frame_from_user(frame);
    error = fault_resolve(frame, error, &reason);
    if (error != OK && error != ERROR_KILLED && from_user) {
        exception_handle(frame, reason, error);
    }
    if (error != OK && !from_user) {
        copy_refuse(frame, reason);
    }
}

bool user_page_fault(struct trap_frame *frame)
{
    bool from_user = trap_frame_from_user(frame);
    const struct user_thread *user = thread_user();
    const char *reason;

    if (unlikely(!(frame->rflags & FLAGS_INTERRUPT)) || (!from_user && !user_copy_faulted(frame))) {
        return false;
    }
    interrupts_enable();
    int error = ERROR_FAULT;
    if (unlikely(from_user && !(frame->error & PAGE_FAULT_USER))) {
        reason = "an instruction of user mode accessed it with the rights of the kernel";
    } else if (likely(user != NULL && user->task != NULL)) {
        error = address_space_fault(&user->task->space, frame->address, frame->error, &reason);
    } else {
        reason = "the thread has no address space";
    }
    if (unlikely(error != OK)) {
        fault_go_on(frame, error, reason);
    }
    return true;
}
