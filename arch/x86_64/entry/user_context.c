/* The MSRs of SYSCALL, what a CPU loads for a thread with a user mode, and the general way out. */
#include "arch/x86_64/entry/user_context.h"

#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"

PER_CPU(struct user_context *, user_context);

static void return_work_nothing(struct trap_frame *frame maybe_unused,
                                uint32_t hazards maybe_unused)
{
}

static void exception_ignored(struct trap_frame *frame maybe_unused)
{
}

void (*user_return_work)(struct trap_frame *frame, uint32_t hazards) = return_work_nothing;
void (*user_exception)(struct trap_frame *frame) = exception_ignored;

noreturn_function void user_enter_at(struct trap_frame *frame); /* syscall_entry.asm */

/* The flags that SYSCALL clears, so that the kernel does not run with the user's values of them. */
#define FLAGS_MASKED                                                                               \
    (FLAGS_INTERRUPT | FLAGS_DIRECTION | FLAGS_TRAP | FLAGS_ALIGNMENT_CHECK | FLAGS_NESTED_TASK |  \
     FLAGS_IO_PRIVILEGE)

void user_entry_cpu_init(void)
{
    /* SYSCALL takes CS and SS from bits 47:32; SYSRET takes SS from bits 63:48 + 8, CS from + 16. */
    msr_write(MSR_STAR,
              (uint64_t)(SELECTOR_USER_DATA - 8) << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    msr_write(MSR_LSTAR, (uintptr_t)syscall_entry);
    msr_write(MSR_SYSCALL_MASK, FLAGS_MASKED);
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SYSCALL);
}

void user_context_load(struct user_context *context)
{
    user_context_load_inline(context);
}

int user_frame_init(struct trap_frame *frame, uintptr_t rip, uintptr_t rsp, uint64_t argument)
{
    if (rip < USER_BASE || rip >= USER_END) {
        return ERROR_RANGE;
    }
    *frame = (struct trap_frame){
        .rip = rip,
        .rsp = rsp,
        .rdi = argument,
        .cs = SELECTOR_USER_CODE,
        .ss = SELECTOR_USER_DATA,
        .rflags = FLAGS_INTERRUPT | FLAGS_ALWAYS_SET,
        .vector = VECTOR_SYSCALL,
    };
    return OK;
}

void user_enter(void)
{
    interrupts_disable();
    user_enter_at(user_frame());
}

void user_return(struct trap_frame *frame)
{
    uint32_t hazards;
    while ((hazards = __atomic_load_n(&this_cpu(user_context)->hazards, __ATOMIC_ACQUIRE)) != 0) {
        interrupts_enable();
        user_return_work(frame, hazards);
        interrupts_disable_by(BOTH_ON);
    }
}

void syscall_from_frame(struct trap_frame *frame)
{
    uint64_t number = frame->rax;
    bool message = number < syscall_message_count;

    frame->vector = VECTOR_SYSCALL;
    if (message) {
        int64_t result = syscall_fast_table[number](frame->rdi, frame->rsi);
        if (result != SYSCALL_FAST_LEFT) {
            frame->rax = (uint64_t)result;
            frame->rcx = frame->r11 = 0;
            return;
        }
    }
    interrupts_enable();
    frame->rax = (uint64_t)ERROR_UNSUPPORTED;
    if (number < syscall_count) {
        frame->rax = (uint64_t)syscall_table[number](frame->rdi, frame->rsi, frame->rdx, frame->r10,
                                                     frame->r8, frame->r9);
    }
    if (!message) {
        frame->rdi = frame->rsi = frame->rdx = frame->r8 = frame->r9 = frame->r10 = 0;
    }
    frame->rcx = frame->r11 = 0;
    interrupts_disable_by(BOTH_ON);
}
