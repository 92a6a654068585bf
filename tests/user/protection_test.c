/*
 * What keeps user mode and the kernel apart: SMEP, UMIP, registers after system calls, and a trap
 * that is put off until the first instruction of the kernel. (SMAP: UCP0004.)
 */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/debug_registers.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/entry_mode.h"
#include "lib/error.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

static struct user_world world;
static struct user_world_thread one;

#define CODE(name) extern const char user_code_##name[]

CODE(back);
CODE(syscall);
CODE(syscall_after);
CODE(sgdt);
CODE(sidt);
CODE(sldt);
CODE(smsw);
CODE(str);
CODE(mov_ss);
CODE(mov_ss_after);

static bool world_begin(void)
{
    user_world_begin();
    if (!user_world_create(&world)) {
        user_world_end();
        return false;
    }
    return true;
}

static void world_end(void)
{
    user_world_destroy(&world);
    user_world_end();
}

/* What the CPU has, whether or not the kernel uses it. */
static struct cpuid_result leaf_7(void)
{
    return cpuid(0, 0).eax >= 7 ? cpuid(7, 0) : (struct cpuid_result){0, 0, 0, 0};
}

TEST(USR0020, "user mode cannot read where the kernel's tables lie, where the CPU has UMIP", ALWAYS)
{
    static const char *const pieces[] = {user_code_sgdt, user_code_sidt, user_code_sldt,
                                         user_code_smsw, user_code_str};
    bool umip = leaf_7().ecx >> 2 & 1;
    if (!world_begin()) {
        return;
    }
    for (unsigned i = 0; i < array_length(pieces); i++) {
        test_check(user_world_run(&one, &world, pieces[i], 0));
        test_equal(one.exception.vector, umip ? VECTOR_GENERAL_PROTECTION : VECTOR_INVALID_OPCODE);
        test_check(!umip || one.exception.rip == user_world_address(pieces[i]));
    }
    world_end();
}

/* Goes on behind a jump of a test, which keeps that address in RBX. */
static volatile unsigned fetch_faults;
static bool (*case_below)(struct trap_frame *);

static bool fetch_case(struct trap_frame *frame)
{
    if (frame->rip != user_world_address(user_code_back) || trap_frame_from_user(frame)) {
        return case_below(frame);
    }
    fetch_faults = fetch_faults + ((frame->error & PAGE_FAULT_FETCH) != 0 &&
                                   (frame->error & PAGE_FAULT_PRESENT) != 0);
    frame->rip = frame->rbx;
    return true;
}

/* By RET: the build would ask where an indirect jump may lead. */
static void stray_jump(uintptr_t address)
{
    __asm__ volatile("leaq 1f(%%rip), %%rbx\n\t"
                     "pushq %0\n\t"
                     "retq\n"
                     "1:" ::"r"(address)
                     : "rbx", "memory");
}

TEST(USR0021, "the kernel faults where it jumps to code of user mode, where the CPU has SMEP",
     ALWAYS)
{
    if (!world_begin()) {
        return;
    }
    fetch_faults = 0;
    case_below = page_fault_thread_case;
    page_fault_thread_case = fetch_case;
    preempt_disable(); /* nothing loads another root meanwhile */
    uint64_t flags = interrupts_save();
    user_tables_load(&world.tables);
    stray_jump(user_world_address(user_code_back));
    interrupts_restore(flags);
    preempt_enable();
    page_fault_thread_case = case_below;
    test_equal(fetch_faults, leaf_7().ebx >> 7 & 1);
    world_end();
}

static bool is_of_kernel(uint64_t value)
{
    return value >= DIRECT_MAP_BASE && (int64_t)value < -4096;
}

/* Calls that end the thread, so that there is nothing to look at. */
static bool does_not_return(uint64_t number)
{
    return number == SYSCALL_task_exit || number == SYSCALL_thread_exit;
}

/* Looks at the registers that user mode gets back from a call whose arguments make no sense. */
static void call_check(uint64_t number)
{
    test_check(user_world_run(&one, &script_world, user_code_syscall, number));
    const struct trap_frame *f = &one.exception;
    const uint64_t results[] = {f->rax, f->rdi, f->rsi, f->rdx, f->r8, f->r9,
                                f->r10, f->rcx, f->r11, f->r12, f->r13};
    if (f->rip != user_world_address(user_code_syscall_after)) {
        test_fail(__FILE__, __LINE__, "call %lu ends at %p", number, (void *)f->rip);
    }
    for (unsigned i = 0; i < array_length(results); i++) {
        if (is_of_kernel(results[i])) {
            test_fail(__FILE__, __LINE__, "call %lu returns 0x%lx in register %u of the list",
                      number, results[i], i);
        }
    }
    test_equal(f->rbx, 0x1b);
    test_equal(f->rbp, 0x1e);
    test_equal(f->r14, 0x14);
    test_equal(f->r15, 0x16);
    if (number >= syscall_message_count) {
        test_equal(f->rdi | f->rsi | f->rdx | f->r8 | f->r9 | f->r10, 0);
        test_equal(f->r12, 0x12);
        test_equal(f->r13, 0x13);
    }
}

TEST(SYS0080, "after each call of the list no register tells anything of the kernel", ALWAYS)
{
    if (!script_begin(8)) {
        return;
    }
    for (uint64_t number = 0; number < syscall_count; number++) {
        if (!does_not_return(number)) {
            call_check(number);
        }
    }
    script_end();
}

static volatile unsigned traps;
static volatile uintptr_t trap_rip;
static volatile bool trap_from_user;
static unsigned trap_cpu;

static bool trap_note(struct trap_frame *frame)
{
    if (cpu_number() != trap_cpu) {
        return false;
    }
    debug_clear();
    debug_status_clear();
    traps = traps + 1;
    trap_rip = frame->rip;
    trap_from_user = trap_frame_from_user(frame);
    return true;
}

static void mov_ss_entry(void *argument maybe_unused)
{
    test_equal(user_frame_init(user_frame(), user_world_address(user_code_mov_ss), USER_WORLD_TOP,
                               USER_WORLD_DATA),
               0);
    interrupts_disable();
    debug_access_set(USER_WORLD_DATA);
    user_enter();
}

/*
 * MOV SS puts off a trap until after the next instruction. If that is SYSCALL, the trap comes at
 * the first instruction of the kernel, with the stack and the GS base of user mode (CVE-2018-8897).
 */
TEST(USR0022, "a trap that MOV SS puts off over SYSCALL finds the kernel's stack and CPU", ALWAYS)
{
    if (!world_begin()) {
        return;
    }
    traps = 0;
    volatile uint64_t *data = user_world_data(&world);
    data[0] = SELECTOR_USER_DATA;
    trap_cpu = cpu_online_count() - 1;
    exception_handler old_handler = exception_handler_set(VECTOR_DEBUG, trap_note);
    one = (struct user_world_thread){
        .world = &world, .user.context = {.tables = &world.tables, .special = USER_SPECIAL_NEW}};
    const struct thread_options options = {.name = "MOV SS",
                                           .priority = THREAD_PRIORITY_DEFAULT,
                                           .affinity = 1UL << trap_cpu,
                                           .user = &one.user};
    test_equal(test_thread_join(test_thread_create(&options, mov_ss_entry, NULL)), 0);
    exception_handler_set(VECTOR_DEBUG, old_handler);
    test_check(traps == 1 || (traps == 0 && fred_is_active()));
    test_equal(one.exception.vector, VECTOR_INVALID_OPCODE);
    test_equal(one.exception.rip, user_world_address(user_code_mov_ss_after));
    test_equal(one.exception.rax, 0);
    if (traps == 0) {
        test_skip("this processor drops the trap when FRED delivers SYSCALL");
    } else if (trap_from_user) {
        test_skip("this processor does not put the trap off");
    } else {
        test_equal(trap_rip, (uintptr_t)(fred_is_active() ? fred_entry_user : syscall_entry));
    }
    world_end();
}
