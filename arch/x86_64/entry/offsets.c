/* Constants that NASM shares with C, for offsets.inc: see asm_constants.h. */
#include "arch/x86_64/cpu/asm_constants.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/entry/asynchronous.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "arch/x86_64/entry/user_context.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"

void offsets(void);

void offsets(void)
{
    DEFINE("FRAME_VECTOR", offsetof(struct trap_frame, vector));
    DEFINE("FRAME_ADDRESS", offsetof(struct trap_frame, address));
    DEFINE("FRAME_R15", offsetof(struct trap_frame, r15));
    DEFINE("FRAME_R14", offsetof(struct trap_frame, r14));
    DEFINE("FRAME_R13", offsetof(struct trap_frame, r13));
    DEFINE("FRAME_R12", offsetof(struct trap_frame, r12));
    DEFINE("FRAME_R11", offsetof(struct trap_frame, r11));
    DEFINE("FRAME_R10", offsetof(struct trap_frame, r10));
    DEFINE("FRAME_R9", offsetof(struct trap_frame, r9));
    DEFINE("FRAME_R8", offsetof(struct trap_frame, r8));
    DEFINE("FRAME_RBP", offsetof(struct trap_frame, rbp));
    DEFINE("FRAME_RDI", offsetof(struct trap_frame, rdi));
    DEFINE("FRAME_RSI", offsetof(struct trap_frame, rsi));
    DEFINE("FRAME_RDX", offsetof(struct trap_frame, rdx));
    DEFINE("FRAME_RCX", offsetof(struct trap_frame, rcx));
    DEFINE("FRAME_RBX", offsetof(struct trap_frame, rbx));
    DEFINE("FRAME_RAX", offsetof(struct trap_frame, rax));
    DEFINE("FRAME_ERROR", offsetof(struct trap_frame, error));
    DEFINE("FRAME_RIP", offsetof(struct trap_frame, rip));
    DEFINE("FRAME_RFLAGS", offsetof(struct trap_frame, rflags));
    DEFINE("FRAME_CS", offsetof(struct trap_frame, cs));
    DEFINE("FRAME_RSP", offsetof(struct trap_frame, rsp));
    DEFINE("FRAME_SS", offsetof(struct trap_frame, ss));
    DEFINE("FRAME_BYTES", sizeof(struct trap_frame));
    DEFINE("TRAP_FRAME_MARK", TRAP_FRAME_MARK);
    DEFINE("TRAP_FRAME_SHORT", TRAP_FRAME_SHORT);
    DEFINE("TSS_RSP0", offsetof(struct task_state, rsp));
    DEFINE("USER_CONTEXT_HAZARDS", offsetof(struct user_context, hazards));
    DEFINE("TSS_IST", offsetof(struct task_state, ist));
    DEFINE("STACKS_OF_ENTRY_BASE", ENTRY_STACK_BASE);
    DEFINE("ENTRY_AREA_BYTES", ENTRY_AREA_BYTES);
    DEFINE("ENTRY_STACK_AREAS", ENTRY_STACK_AREAS);
    DEFINE("ENTRY_CONTINUE_BYTES", ENTRY_CONTINUE_BYTES);
    DEFINE("SITE_TOUCH_BYTES", SITE_TOUCH_BYTES);
    DEFINE("SITE_KIND_LEND", SITE_KIND_LEND);
    DEFINE("SITE_KIND_LEND_BATCHED", SITE_KIND_LEND_BATCHED);
    DEFINE("SITE_KIND_TRACE", SITE_KIND_TRACE);
    DEFINE("SITE_KIND_HANDOFF", SITE_KIND_HANDOFF);
    DEFINE("SITE_KIND_SMAP_OPEN", SITE_KIND_SMAP_OPEN);
    DEFINE("SITE_KIND_SMAP_CLOSE", SITE_KIND_SMAP_CLOSE);
    DEFINE("PAGE_BYTES", PAGE_BYTES);
    DEFINE("STACK_BYTES", STACK_BYTES);
    DEFINE("SELECTOR_KERNEL_CODE", SELECTOR_KERNEL_CODE);
    DEFINE("SELECTOR_KERNEL_DATA", SELECTOR_KERNEL_DATA);
    DEFINE("SELECTOR_USER_DATA", SELECTOR_USER_DATA);
    DEFINE("SELECTOR_USER_CODE", SELECTOR_USER_CODE);
    DEFINE("STACKS_OF_ENTRY_CPU_SHIFT", __builtin_ctzl(ENTRY_STACK_CPU_STRIDE));
    DEFINE("MSR_GS_BASE", MSR_GS_BASE);
    DEFINE("MSR_KERNEL_GS_BASE", MSR_KERNEL_GS_BASE);
    DEFINE("ERROR_UNSUPPORTED", ERROR_UNSUPPORTED);
    DEFINE("VECTOR_SYSCALL", VECTOR_SYSCALL);
    DEFINE("ENTRY_THREAD", ENTRY_THREAD);
    DEFINE("ENTRY_PAGE_FAULT", ENTRY_PAGE_FAULT);
    DEFINE("ENTRY_INTERRUPT", ENTRY_INTERRUPT);
    DEFINE("ENTRY_NMI", ENTRY_NMI);
    DEFINE("ENTRY_MACHINE_CHECK", ENTRY_MACHINE_CHECK);
    DEFINE("ENTRY_DEBUG", ENTRY_DEBUG);
    DEFINE("ENTRY_DOUBLE_FAULT", ENTRY_DOUBLE_FAULT);
    DEFINE("ENTRY_INTERRUPT_ASYNCHRONOUS", ENTRY_ASYNCHRONOUS(ENTRY_INTERRUPT));
    DEFINE("VECTOR_PAGE_FAULT", VECTOR_PAGE_FAULT);
    DEFINE("VECTOR_EXCEPTIONS", VECTOR_EXCEPTIONS);
    DEFINE("VECTOR_COUNT", VECTOR_COUNT);
    DEFINE("FRED_FRAME_BYTES", FRED_FRAME_BYTES);
    DEFINE("FRED_KERNEL_ENTRY", FRED_KERNEL_ENTRY);
    DEFINE("FRED_HARDWARE_EXCEPTION", FRED_HARDWARE_EXCEPTION);
    DEFINE("FRED_SOFTWARE_INTERRUPT", FRED_SOFTWARE_INTERRUPT);
    DEFINE("FRED_OTHER", FRED_OTHER);
#define VECTOR(number, symbol, has_error, stack, name)                                             \
    DEFINE("VECTOR_" #number "_ERROR", has_error);                                                 \
    DEFINE("VECTOR_" #number "_STACK", stack);
    VECTOR_LIST(VECTOR)
#undef VECTOR
}
