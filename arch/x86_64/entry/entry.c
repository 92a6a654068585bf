/*
 * Dispatch of events to their handlers. On an entry stack no code may fault, sleep, or take a lock
 * that thread code holds with interrupts on. An event that the CPU raises again, if the push of its
 * frame faults, enters without an entry stack and is handled by entry_thread().
 *
 * Two kinds of page fault in kernel mode are legal: a stack fault, which fills a hole of a stack
 * that this CPU uses (mm/stack/stack_fault.c), and a fault of thread code that
 * page_fault_thread_case accepts. Every other one is a kernel bug.
 */
#include "arch/x86_64/entry/entry.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/machine_check.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry_mode.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/safe_access.h"
#include "arch/x86_64/entry/user_context.h"
#include "lib/string.h"

extern const char __text_start[], __text_end[];

static struct trap_frame *page_fault_early(struct trap_frame *frame)
{
    return entry_page_fault(frame, cr2_read());
}

static bool thread_case_nothing(struct trap_frame *frame maybe_unused)
{
    return false;
}

static bool fill_nothing(struct trap_frame *frame maybe_unused, uintptr_t address maybe_unused,
                         size_t bytes maybe_unused)
{
    return true;
}

static void preempt_nothing(void)
{
}

struct trap_frame *(*page_fault_handler)(struct trap_frame *frame) = page_fault_early;
void (*page_fault_short_path)(void) = entry_page_fault_whole;
bool (*page_fault_thread_case)(struct trap_frame *) = thread_case_nothing;
bool (*entry_stack_fill)(struct trap_frame *, uintptr_t, size_t) = fill_nothing;
void (*entry_preempt)(void) = preempt_nothing;

void (*entry_return_check)(void);

/* Called at each exit from an entry stack. The exit of a stack fault does its own check. */
static always_inline void return_check(const struct trap_frame *frame maybe_unused)
{
#ifdef INVARIANT
    if (entry_return_check != NULL && (frame->rflags & FLAGS_INTERRUPT)) {
        entry_return_check();
    }
#endif
}

static exception_handler exception_handlers[VECTOR_EXCEPTIONS];

static const char *const vector_names[VECTOR_EXCEPTIONS] = {
#define VECTOR(number, symbol, has_error, stack, name) [number] = name,
    VECTOR_LIST(VECTOR)
#undef VECTOR
};

const char *vector_name(unsigned vector)
{
    if (vector < VECTOR_EXCEPTIONS) {
        return vector_names[vector];
    }
    const char *name = vector < VECTOR_COUNT ? interrupt_name(vector) : NULL;
    return name != NULL ? name : "interrupt";
}

exception_handler exception_handler_set(unsigned vector, exception_handler handler)
{
    return __atomic_exchange_n(&exception_handlers[vector], handler, __ATOMIC_ACQ_REL);
}

/* Returns whether the event interrupted code that runs on an entry stack. */
static bool frame_from_entry_stack(const struct trap_frame *frame)
{
    unsigned cpu, kind;
    return !trap_frame_from_user(frame) && entry_stack_find(frame->rsp, &cpu, &kind);
}

/* Returns true if the handler that is registered for the exception handles it. */
static bool exception_try(struct trap_frame *frame)
{
    exception_handler handler =
        __atomic_load_n(&exception_handlers[frame->vector], __ATOMIC_ACQUIRE);
    return handler != NULL && handler(frame);
}

static void exception_handle(struct trap_frame *frame)
{
    /* LAB 3 BEGIN exception-handle: let a handler have the exception, else report it */
    if (frame->vector == VECTOR_GENERAL_PROTECTION && safe_access_fix(frame)) {
        return;
    }
    if (exception_try(frame)) {
        return;
    }
    panic("%s in the kernel at %p (error code 0x%x): the backtrace tells the function, at "
          "'interrupted by'",
          vector_name(frame->vector), (void *)frame->rip, frame->error);
    /* LAB 3 END exception-handle */
}

struct trap_frame *entry_move_frame(struct trap_frame *frame)
{
    /* LAB 6 BEGIN move-frame: copy the frame to the thread's stack, and fill its pages first */
    uintptr_t top = trap_frame_from_user(frame) ? this_cpu(cpu_task_state).rsp[0] : frame->rsp;
    struct trap_frame *copy =
        (struct trap_frame *)(align_down(top, 16) - sizeof(struct trap_frame));

    if (!entry_stack_fill(frame, (uintptr_t)copy, sizeof(*copy))) {
        return NULL;
    }
    *copy = *frame;
    return_check(frame);
    return copy;
    /* LAB 6 END move-frame */
}

/* Returns whether the current thread, which has a user mode, has work to do before it goes there. */
static always_inline bool hazards_noted(void)
{
    return __atomic_load_n(&this_cpu(user_context)->hazards, __ATOMIC_RELAXED) != 0;
}

static bool user_hazards_noted(const struct trap_frame *frame)
{
    return trap_frame_from_user(frame) && hazards_noted();
}

/*
 * Moves the frame to the thread's stack if a reschedule is due and the thread may be preempted: it
 * had interrupts and preemption on and was not itself inside an entry. Also moves it if the thread
 * has work to do before it goes on in user mode.
 */
static struct trap_frame *interrupt_leave(struct trap_frame *frame)
{
    /* LAB 6 BEGIN interrupt-leave: decide whether the interrupted thread may be preempted */
    if (unlikely(user_hazards_noted(frame))) {
        return entry_move_frame(frame);
    }
    if (likely(!this_cpu(reschedule_wanted)) || this_cpu(preempt_count) != 0 ||
        !(frame->rflags & FLAGS_INTERRUPT) || frame_from_entry_stack(frame)) {
        return NULL;
    }
    return entry_move_frame(frame);
    /* LAB 6 END interrupt-leave */
}

/* For the latency build: an interrupt turned interrupts off, and they are about to come on. */
static always_inline void off_time_arrive(const struct trap_frame *frame maybe_unused)
{
#ifdef LATENCY
    if (frame->rflags & FLAGS_INTERRUPT) {
        off_time_interrupts_begin(OFF_TIME_PLACE());
    }
#endif
}

static always_inline void off_time_leave(const struct trap_frame *frame maybe_unused)
{
#ifdef LATENCY
    if (frame->rflags & FLAGS_INTERRUPT) {
        off_time_interrupts_end(OFF_TIME_PLACE());
    }
#endif
}

struct trap_frame *entry_interrupt(struct trap_frame *frame)
{
    off_time_arrive(frame);
    interrupt_dispatch(frame);
    return_check(frame);
    struct trap_frame *moved = interrupt_leave(frame);
    if (moved == NULL) {
        off_time_leave(frame); /* for a moved frame, entry_continue() does this */
    }
    return moved;
}

/* Panics if the address lies in the guard of an entry stack. */
static void entry_overflow_check(const struct trap_frame *frame, uintptr_t address)
{
    /* LAB 3 BEGIN overflow-check: report that an entry stack overflowed into its guard */
    unsigned cpu, kind;
    if (entry_stack_guard_find(address, &cpu, &kind)) {
        panic("overflow of the %s entry stack of CPU %u: code at %p touched %p, below its end %p; "
              "handlers that run there must not recurse or have large local variables",
              entry_stack_name(kind), cpu, (void *)frame->rip, (void *)address,
              (void *)entry_stack_bottom(cpu, kind));
    }
    /* LAB 3 END overflow-check */
}

struct trap_frame *entry_page_fault(struct trap_frame *frame, uintptr_t address)
{
    /* LAB 3 BEGIN page-fault: a page fault that is no stack fault: report it or move it */
    frame->address = address;
    if (frame->error & PAGE_FAULT_USER) {
        return entry_move_frame(frame); /* ring 3 touched the address, so it may be any address */
    }
    entry_overflow_check(frame, address);
    if (frame_from_entry_stack(frame)) {
        panic("page fault on an entry stack: code at %p touched %p (error code 0x%x); code that "
              "runs there may touch only memory that is always mapped",
              (void *)frame->rip, (void *)address, frame->error);
    }
    return entry_move_frame(frame);
    /* LAB 3 END page-fault */
}

/*
 * An NMI may arrive between the STI and the HLT of cpu_wait_for_interrupt(). When the NMI returns,
 * the effect of STI is no longer delayed. A pending interrupt would be taken before the HLT, and
 * the HLT would wait for the next one although there is work to do. So the return skips the HLT.
 * The code behind the HLT looks for work again.
 */
static void halt_skip(struct trap_frame *frame)
{
    static const uint8_t sti_hlt[] = {0xfb, 0xf4};
    uintptr_t sti = frame->rip - 1;

    if (!trap_frame_from_user(frame) && sti >= (uintptr_t)__text_start &&
        sti + sizeof(sti_hlt) <= (uintptr_t)__text_end &&
        memcmp((const void *)sti, sti_hlt, sizeof(sti_hlt)) == 0) {
        frame->rip++;
    }
}

struct trap_frame *entry_nmi(struct trap_frame *frame)
{
    exception_handle(frame);
    halt_skip(frame);
    return_check(frame);
    return NULL;
}

/*
 * Returns whether user mode caused a debug trap that arrived in the kernel: one on the first
 * instruction after SYSCALL. It is a single step over SYSCALL, which Bochs delivers there, or a
 * data breakpoint that MOV SS delayed. The kernel drops it. User mode goes on to be single-stepped,
 * because the return from the system call restores TF. With FRED, Bochs drops such a trap itself.
 */
static bool debug_is_users(const struct trap_frame *frame)
{
    return frame->rip == (uintptr_t)(fred_is_active() ? fred_entry_user : syscall_entry);
}

struct trap_frame *entry_debug(struct trap_frame *frame)
{
    if (trap_frame_from_user(frame)) {
        return exception_try(frame) ? NULL : entry_move_frame(frame);
    }
    if (debug_is_users(frame)) {
        ignore_result(exception_try(frame)); /* a handler may want to see it */
    } else {
        exception_handle(frame);
    }
    return_check(frame);
    return NULL;
}

struct trap_frame *entry_machine_check(struct trap_frame *frame)
{
    if (!exception_try(frame)) {
        struct machine_check check;
        machine_check_read(&check);
        panic(
            "#MC machine check in the kernel at %p: %u banks report an error, bank %u with status "
            "0x%lx; the global status is 0x%lx. The hardware failed",
            (void *)frame->rip, check.reports, check.bank, check.status, check.global);
    }
    return_check(frame);
    return NULL;
}

/*
 * With FRED the overflow of an entry stack ends here, because its page fault would be pushed onto
 * the same stack.
 */
struct trap_frame *entry_double_fault(struct trap_frame *frame)
{
    /* LAB 3 BEGIN double-fault: say what happened, in words */
    entry_overflow_check(frame, cr2_read());
    panic("double fault at %p, stack pointer %p, CR2 %p: the CPU could not push an event frame; "
          "an entry stack is missing or overflowed into its guard",
          (void *)frame->rip, (void *)frame->rsp, (void *)cr2_read());
    /* LAB 3 END double-fault */
}

/* An exception of user mode, on the thread's stack. */
static void user_exception_handle(struct trap_frame *frame)
{
    interrupts_enable();
    user_exception(frame);
    interrupts_disable_by(BOTH_ON);
}

/* Exceptions of the interrupted code. In the lesson build interrupts enter here, too. */
struct trap_frame *entry_thread(struct trap_frame *frame)
{
    if (frame->vector < VECTOR_EXCEPTIONS && trap_frame_from_user(frame)) {
        user_exception_handle(frame);
        user_return(frame);
        return NULL;
    }
    if (frame->vector < VECTOR_EXCEPTIONS) {
        exception_handle(frame);
        return NULL;
    }
    interrupt_dispatch(frame);
    if (unlikely(this_cpu(reschedule_wanted)) && this_cpu(preempt_count) == 0 &&
        (frame->rflags & FLAGS_INTERRUPT)) {
        entry_preempt();
    }
    return NULL;
}

/* Lets thread code serve a page fault that is no stack fault. */
static inline_if_optimized void page_fault_serve(struct trap_frame *frame)
{
    if (!page_fault_thread_case(frame)) {
        panic("page fault in the kernel: code at %p %s %p, where %s%s", (void *)frame->rip,
              frame->error & PAGE_FAULT_FETCH   ? "jumped to"
              : frame->error & PAGE_FAULT_WRITE ? "wrote to"
                                                : "read from",
              (void *)frame->address,
              frame->error & PAGE_FAULT_PRESENT ? "the page's rights forbid it"
                                                : "nothing is mapped",
              frame->address < PAGE_BYTES ? ": a null pointer" : "");
    }
}

/* A page fault of ring 3, on the thread's stack. */
void entry_user_page_fault(struct trap_frame *frame)
{
    return_check(frame);
    page_fault_serve(frame);
    interrupts_disable();
    if (unlikely(hazards_noted())) {
        user_return(frame);
    }
    off_time_leave(frame);
}

/* Does what may not be done on an entry stack: sleep, fault, or switch threads. */
void entry_continue(struct trap_frame *frame)
{
    if (frame->vector >= VECTOR_EXCEPTIONS) {
        entry_preempt();
    } else if (frame->vector != VECTOR_PAGE_FAULT) {
        user_exception_handle(frame);
    } else {
        page_fault_serve(frame);
    }
    interrupts_disable();
    if (trap_frame_from_user(frame)) {
        user_return(frame);
    }
    off_time_leave(frame);
}
