/*
 * The way into user mode and back. A thread that has a user mode keeps the user's registers in a
 * struct trap_frame at the top of its kernel stack, however it entered: by SYSCALL
 * (syscall_entry.asm), by an exception or by an interrupt (entry.asm), or by FRED. The frame ends
 * 16 bytes below the stack's top, because FRED pushes two words more than the IDT.
 *
 * The way out has a fast form (SYSRET) and a general one (IRETQ, ERETU). The fast form is taken
 * only if no hazard is noted and the flags need no IRETQ. It does not check that RIP is canonical:
 * no code of the kernel sets a user RIP at or above USER_END, and SYSCALL cannot store one, because
 * the last page below the canonical boundary is never mapped.
 *
 * Source: SDM volume 2 (SYSCALL, SYSRET, SWAPGS), volume 3A, 5.8.8.
 */
#pragma once

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry_mode.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "arch/x86_64/paging/user_tables.h"

/* In place of a vector, in the frame of a thread that entered by SYSCALL. */
#define VECTOR_SYSCALL 256

/* Reasons to call user_return_work() on the way to ring 3. */
#define USER_HAZARD_KILL    (1U << 0) /* the thread is to end */
#define USER_HAZARD_SUSPEND (1U << 1) /* it is to stop */
#define USER_HAZARD_END     (1U << 2) /* it is to end with a status of its own */

/* Reasons for which a switch to or from a thread has more to do than the fast path of messages. */
#define USER_SPECIAL_NEW (1U << 0) /* it was never loaded; set when it is created */
#define USER_SPECIAL_FPU (1U << 1) /* it has the FPU */
#define USER_SPECIAL_FS  (1U << 2) /* its FS base is not 0 */

struct fpu_area; /* fpu.h */

/* The values that a CPU loads when it switches to a thread with a user mode. */
struct user_context {
    uint32_t hazards; /* USER_HAZARD_...; atomic. Compared with 0 together with `special` */
    uint32_t special; /* USER_SPECIAL_...; written by the thread itself, or while it is stopped */
    struct user_tables *tables; /* the page tables of its address space */
    uintptr_t stack_top;        /* of its kernel stack, where entries from ring 3 push */
    uint64_t fs_base;
    struct fpu_area *fpu; /* FPU registers while the thread does not run; NULL: it has no FPU */
};

/* The context that was loaded last on this CPU; NULL: none yet. */
DECLARE_PER_CPU(struct user_context *, user_context);

/* Returns the frame with the user's registers on the stack with this top. Context: ANY. */
static always_inline struct trap_frame *user_frame_at(uintptr_t stack_top)
{
    return (struct trap_frame *)(stack_top - USER_FRAME_ROOM);
}

/* Sets the FS base that the next load of the context loads. Context: as for `special`. */
static always_inline void user_context_fs_set(struct user_context *context, uint64_t base)
{
    context->fs_base = base;
    context->special = (context->special & ~USER_SPECIAL_FS) | (base != 0 ? USER_SPECIAL_FS : 0);
}

/*
 * Turns on SYSCALL on the calling CPU. Context: boot of each CPU, interrupts off, after
 * descriptors_load().
 */
void user_entry_cpu_init(void);

/*
 * The part of user_context_load_inline() for a context whose FS base is loaded already; not enough
 * with FRED. Context: as there.
 */
static always_inline void user_context_load_without_fs(struct user_context *context)
{
    /* Also with FRED, where entry_move_frame() reads it. The frame ends 16 bytes below the top. */
    this_cpu(cpu_task_state).rsp[0] = context->stack_top - 2 * sizeof(uint64_t);
    user_tables_load_inline(context->tables);
    this_cpu(user_context) = context;
}

/*
 * Loads page tables, kernel stack and FS base of a thread, as user_context_load() does. Inline, for
 * the fast path of messages. Context: ATOMIC, interrupts off, in the switch to the thread.
 */
static always_inline void user_context_load_inline(struct user_context *context)
{
    if (unlikely(fred_is_active())) {
        msr_write(MSR_FRED_RSP0, context->stack_top);
    }
    user_context_load_without_fs(context);
    /* Written each time: user mode can change the base by a load of FS, unseen by the kernel. */
    msr_write(MSR_FS_BASE, context->fs_base);
}

/*
 * Loads page tables, kernel stack and FS base of a thread on the calling CPU. Context: ATOMIC,
 * interrupts off, in the switch to the thread.
 */
void user_context_load(struct user_context *context);

/*
 * Fills a frame for the first entry into user mode: all registers are 0 but the instruction
 * pointer, the stack pointer and one argument, in RDI. Context: ANY.
 * Errors: ERROR_RANGE (RIP is not a user address).
 */
must_check int user_frame_init(struct trap_frame *frame, uintptr_t rip, uintptr_t rsp,
                               uint64_t argument);

/*
 * Enters user mode with the registers in the frame at the top of the calling thread's kernel stack.
 * Everything else on that stack is given up. Context: THREAD.
 */
noreturn_function void user_enter(void);

/* Returns the caller's frame with the user's registers. Context: THREAD with a user mode. */
static always_inline struct trap_frame *user_frame(void)
{
    return user_frame_at(this_cpu(user_context)->stack_top);
}

/*
 * Calls user_return_work() until no hazard is noted. Every return to ring 3 but the fast one calls
 * it. Context: ATOMIC, interrupts off, on the thread's stack; interrupts are on during the work.
 */
void user_return(struct trap_frame *frame);

/*
 * Hook: does the work that a thread's hazards ask for, and clears them. Context: THREAD, before the
 * return to ring 3.
 */
extern void (*user_return_work)(struct trap_frame *frame, uint32_t hazards);

/*
 * Hook: handles an exception of user mode other than a page fault. If it returns, the thread goes
 * on with the registers in the frame. Context: THREAD.
 */
extern void (*user_exception)(struct trap_frame *frame);

/*
 * The system calls, by number: each takes up to six arguments and returns the value for RAX.
 * Numbers below syscall_message_count are message calls, which read further registers from
 * user_frame() and store results there. kernel/syscall defines the table. The linker binds it and
 * no hook, because assembly code makes the call and each instruction counts.
 */
typedef int64_t (*syscall_function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
extern const syscall_function syscall_table[];
extern const uint64_t syscall_count;
extern const uint64_t syscall_message_count;

/*
 * The fast paths of message calls, by number. Entry code calls them first, with interrupts off and
 * the first two arguments. If a fast path returns SYSCALL_FAST_LEFT, it has changed nothing, and
 * the function in syscall_table makes the call. Any other result is 0 or negative and is the result
 * of the call.
 */
#define SYSCALL_FAST_LEFT 1
typedef int64_t (*syscall_fast_function)(uint64_t, uint64_t);
extern const syscall_fast_function syscall_fast_table[];

/*
 * The direct paths of message calls, by number. syscall_entry.asm jumps there first, with RSP at
 * the caller's frame, which has RIP, RFLAGS, RSP, RBX, RBP, R14 and R15; all other registers are as
 * in user mode, but RCX and R11, and interrupts are off. A direct path makes the call and jumps to
 * syscall_leave, or changes nothing and jumps to syscall_message_frame with the user's registers.
 */
typedef void (*syscall_direct_path)(void);
extern const syscall_direct_path syscall_direct_table[];

/*
 * Continues a message call that has no direct path, or whose direct path has not made it: with the
 * function in syscall_fast_table.
 */
void syscall_message_frame(void);

/*
 * Makes the system call whose number and arguments are in a frame. For FRED, where SYSCALL enters
 * like any other event. Context: ATOMIC, interrupts off, on the thread's stack.
 */
void syscall_from_frame(struct trap_frame *frame);

/* The range of the code in syscall_entry.asm, for tests. */
extern const char syscall_entry[], syscall_path_end[];
