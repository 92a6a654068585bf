/*
 * Ring 3: the ways in and out, and what user mode can and cannot do there. These tests need no
 * task: they run a page of code in page tables of their own.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/entry_mode.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "tests/support/threads.h"
#include "tests/support/user_world.h"
#include "tests/test.h"

static struct user_world world;
static struct user_world_thread one, two;

#define CODE(name) extern const char user_code_##name[]

CODE(ud2);
CODE(syscall);
CODE(syscall_after);
CODE(syscall_flags);
CODE(calls);
CODE(spin);
CODE(touch);
CODE(write);
CODE(jump);

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

/* Selectors as they are in frames: FRED adds bits. */
static unsigned selector(uint64_t word)
{
    return (unsigned)(word & 0xffff);
}

TEST(USR0001, "a thread enters user mode with the registers of its frame; an exception shows them",
     ALWAYS)
{
    if (!world_begin()) {
        return;
    }
    test_check(user_world_run(&one, &world, user_code_ud2, 0x1234));
    const struct trap_frame *f = &one.exception;
    test_equal(f->vector, VECTOR_INVALID_OPCODE);
    test_equal(f->rip, user_world_address(user_code_ud2));
    test_equal(f->rdi, 0x1234);
    test_equal(f->rsp, USER_WORLD_TOP);
    test_equal(selector(f->cs), SELECTOR_USER_CODE);
    test_equal(selector(f->ss), SELECTOR_USER_DATA);
    test_equal(f->rflags & ~FLAGS_RESUME, FLAGS_INTERRUPT | FLAGS_ALWAYS_SET);
    test_equal(f->rax | f->rbx | f->rcx | f->rdx | f->rsi | f->rbp | f->r8 | f->r9 | f->r10 |
                   f->r11 | f->r12 | f->r13 | f->r14 | f->r15,
               0);
    world_end();
}

static void call_check(uint64_t number, int64_t result)
{
    test_check(user_world_run(&one, &world, user_code_syscall, number));
    const struct trap_frame *f = &one.exception;
    test_equal(f->rip, user_world_address(user_code_syscall_after));
    test_equal((int64_t)f->rax, result);
    test_equal(f->rbx, 0x1b);
    test_equal(f->rbp, 0x1e);
    test_equal(f->r12, 0x12);
    test_equal(f->r13, 0x13);
    test_equal(f->r14, 0x14);
    test_equal(f->r15, 0x16);
    test_equal(f->rdi | f->rsi | f->rdx | f->r8 | f->r9 | f->r10, 0);
    test_check(f->rcx == 0 || f->rcx == f->rip);
    test_check(f->r11 == 0 || f->r11 == (f->rflags & ~FLAGS_RESUME));
    test_equal(f->rsp, USER_WORLD_TOP);
}

TEST(USR0002,
     "a system call keeps RBX, RBP and R12 to R15, returns its result, and clears all others",
     ALWAYS)
{
    if (!world_begin()) {
        return;
    }
    extern const uint64_t user_code_null_number, user_code_yield_number,
        user_code_thread_exit_number, user_code_port_read_number;
    test_equal(user_code_null_number, SYSCALL_null);
    test_equal(user_code_yield_number, SYSCALL_thread_yield);
    test_equal(user_code_thread_exit_number, SYSCALL_thread_exit);
    test_equal(user_code_port_read_number, SYSCALL_port_read);
    call_check(SYSCALL_null, 0);
    call_check(syscall_count, ERROR_UNSUPPORTED);
    call_check(UINT64_MAX, ERROR_UNSUPPORTED);
    call_check(1UL << 32, ERROR_UNSUPPORTED);
    call_check(1UL << 63, ERROR_UNSUPPORTED);
    world_end();
}

TEST(USR0003, "flags of user mode neither hold in the kernel nor get lost over a system call",
     ALWAYS)
{
    static const uint64_t flags[] = {0x001,
                                     0x004,
                                     0x010,
                                     0x040,
                                     0x080,
                                     0x400,
                                     0x800,
                                     0x200000,
                                     FLAGS_ALIGNMENT_CHECK,
                                     FLAGS_NESTED_TASK,
                                     FLAGS_DIRECTION};
    if (!world_begin()) {
        return;
    }
    for (unsigned i = 0; i < array_length(flags); i++) {
        uint64_t want = flags[i] | FLAGS_INTERRUPT | FLAGS_ALWAYS_SET;
        test_check(user_world_run(&one, &world, user_code_syscall_flags, want));
        test_equal(one.exception.vector, VECTOR_INVALID_OPCODE);
        /* XOR EAX, EAX has changed the status flags. */
        test_equal(one.exception.rax & ~0x8d5UL, want & ~0x8d5UL);
    }
    /* Interrupts and the I/O privilege level are not the user's to change. */
    test_check(user_world_run(&one, &world, user_code_syscall_flags, FLAGS_IO_PRIVILEGE));
    test_equal(one.exception.rax & (FLAGS_IO_PRIVILEGE | FLAGS_INTERRUPT), FLAGS_INTERRUPT);
    world_end();
}

TEST(USR0004, "two threads that never leave user mode share a CPU, and both keep their registers",
     ALWAYS)
{
    if (!world_begin()) {
        return;
    }
    volatile uint64_t *data = user_world_data(&world);
    struct thread *first =
        user_world_start(&one, &world, user_code_spin, USER_WORLD_DATA, test_cpu_bit(0));
    struct thread *second =
        user_world_start(&two, &world, user_code_spin, USER_WORLD_DATA + 64, test_cpu_bit(0));
    for (unsigned i = 0; i < 5; i++) {
        uint64_t before = data[0], before_second = data[8];
        test_eventually(data[0] != before && data[8] != before_second, "they count to %lu and %lu",
                        data[0], data[8]);
    }
    data[1] = data[9] = 1;
    test_equal(test_thread_join(first), 0);
    test_equal(test_thread_join(second), 0);
    test_equal(one.exception.vector, VECTOR_INVALID_OPCODE);
    test_equal(two.exception.vector, VECTOR_INVALID_OPCODE);
    test_equal(one.exception.r9 + two.exception.r9, 0);
    test_check(one.exception.rflags & FLAGS_INTERRUPT);
    world_end();
}

TEST(USR0005, "ten thousand system calls while other threads run on the CPU return what they must",
     ALWAYS)
{
    if (!world_begin()) {
        return;
    }
    volatile uint64_t *data = user_world_data(&world);
    struct thread *first =
        user_world_start(&one, &world, user_code_spin, USER_WORLD_DATA, test_cpu_bit(0));
    struct thread *second = user_world_start(&two, &world, user_code_calls, 10000, test_cpu_bit(0));
    test_equal(test_thread_join(second), 0);
    data[1] = 1;
    test_equal(test_thread_join(first), 0);
    test_equal(two.exception.rbx, 10000);
    test_equal(one.exception.r9, 0);
    world_end();
}

static void fault_check(const char *code, uintptr_t address)
{
    test_check(user_world_run(&one, &world, code, address));
    bool canonical = (uint64_t)((int64_t)(address << 16) >> 16) == address;
    test_equal(one.exception.vector, canonical ? VECTOR_PAGE_FAULT : VECTOR_GENERAL_PROTECTION);
    if (canonical) {
        test_check(one.exception.error & PAGE_FAULT_USER);
        test_equal(one.exception.address, address);
    }
}

TEST(USR0006,
     "a touch of any kernel address by user mode is a fault of the user, and fills no stack page",
     ALWAYS)
{
    if (!world_begin()) {
        return;
    }
    uint32_t own = thread_current()->slot;
    const uintptr_t addresses[] = {stack_bottom(own),
                                   stack_bottom(own) - PAGE_BYTES,
                                   stack_top(own) - 8,
                                   STACK_OBJECT_BASE,
                                   STACK_OBJECT_BASE + STACK_OBJECT_BYTES - 8,
                                   entry_stack_bottom(0, ENTRY_PAGE_FAULT) - 8,
                                   entry_stack_top(0, ENTRY_NMI) - 8,
                                   (uintptr_t)test_run_USR0006,
                                   (uintptr_t)&world,
                                   DIRECT_MAP_BASE,
                                   PAGE_RECURSIVE_BASE,
                                   0,
                                   8,
                                   USER_END,
                                   USER_END - 8,
                                   0x8000000000000000};
    for (unsigned i = 0; i < array_length(addresses); i++) {
        uint32_t backed = stack_pages_backed(own);
        fault_check(user_code_touch, addresses[i]);
        fault_check(user_code_write, addresses[i]);
        fault_check(user_code_jump, addresses[i]);
        test_check(stack_pages_backed(own) >= backed);
    }
    /* Code cannot be written, data not be executed. */
    fault_check(user_code_write, USER_WORLD_CODE);
    test_check(one.exception.error & PAGE_FAULT_PRESENT);
    fault_check(user_code_jump, USER_WORLD_DATA);
    test_check(one.exception.error & PAGE_FAULT_FETCH);
    world_end();
}

#define PIECES(PIECE)                                                                              \
    PIECE(hlt, 13)                                                                                 \
    PIECE(cli, 13)                                                                                 \
    PIECE(in, 13)                                                                                  \
    PIECE(out, 13)                                                                                 \
    PIECE(read_cr3, 13)                                                                            \
    PIECE(wrmsr, 13)                                                                               \
    PIECE(swapgs, fred_is_active() ? 6 : 13)                                                       \
    PIECE(int80, 13)                                                                               \
    PIECE(int14, 13)                                                                               \
    PIECE(int3, 3)                                                                                 \
    PIECE(divide, 0)                                                                               \
    PIECE(sse, 7)                                                                                  \
    PIECE(x87, 7)                                                                                  \
    PIECE(noncanonical, 13)                                                                        \
    PIECE(trap, 1)

#define DECLARE(name, vector) CODE(name);
PIECES(DECLARE)
#undef DECLARE

TEST(USR0007, "each instruction that is not the user's to execute ends in an exception of its own",
     ALWAYS)
{
    const struct {
        const char *name, *code;
        unsigned vector;
    } pieces[] = {
#define ROW(piece, number) {#piece, user_code_##piece, number},
        PIECES(ROW)
#undef ROW
    };
    if (!world_begin()) {
        return;
    }
    for (unsigned i = 0; i < array_length(pieces); i++) {
        test_check(user_world_run(&one, &world, pieces[i].code, 0));
        if (one.exception.vector != pieces[i].vector) {
            test_fail(__FILE__, __LINE__, "%s: vector %u (%s), not %u", pieces[i].name,
                      one.exception.vector, vector_name(one.exception.vector), pieces[i].vector);
        }
    }
    world_end();
}

CODE(icebp);

TEST(USR0009,
     "INT1 of user mode ends in a debug exception of user mode, or is an unknown instruction",
     ALWAYS)
{
    if (!world_begin()) {
        return;
    }
    test_check(user_world_run(&one, &world, user_code_icebp, 0));
    uintptr_t at = user_world_address(user_code_icebp);
    if (one.exception.vector == VECTOR_DEBUG) {
        test_equal(one.exception.rip, at + 1);
    } else { /* QEMU's TCG */
        test_equal(one.exception.vector, VECTOR_INVALID_OPCODE);
        test_equal(one.exception.rip, at);
    }
    world_end();
}

CODE(trap_syscall);
CODE(trap_syscall_after);

TEST(USR0008, "a single step over SYSCALL traps in user mode behind it, never in the kernel",
     ALWAYS)
{
    if (!world_begin()) {
        return;
    }
    test_check(user_world_run(&one, &world, user_code_trap_syscall, 0));
    test_equal(one.exception.vector, VECTOR_DEBUG);
    uintptr_t after = user_world_address(user_code_trap_syscall_after);
    test_check(one.exception.rip == after || one.exception.rip == after + 1);
    world_end();
}
