/* See user_registers.h. */
#include "arch/x86_64/entry/user_registers.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/layout.h"
#include "lib/error.h"

/*
 * The flags that ring 3 may have in RFLAGS. The others hold a right (IF, IOPL), or belong to the
 * kernel.
 */
#define FLAGS_OF_USER                                                                              \
    (FLAGS_STATUS | FLAGS_TRAP | FLAGS_DIRECTION | FLAGS_RESUME | FLAGS_ALIGNMENT_CHECK |          \
     FLAGS_IDENTIFICATION)

void user_registers_read(const struct trap_frame *frame, struct thread_registers *registers)
{
    *registers = (struct thread_registers){
        .rax = frame->rax,
        .rbx = frame->rbx,
        .rcx = frame->rcx,
        .rdx = frame->rdx,
        .rsi = frame->rsi,
        .rdi = frame->rdi,
        .rbp = frame->rbp,
        .rsp = frame->rsp,
        .r8 = frame->r8,
        .r9 = frame->r9,
        .r10 = frame->r10,
        .r11 = frame->r11,
        .r12 = frame->r12,
        .r13 = frame->r13,
        .r14 = frame->r14,
        .r15 = frame->r15,
        .rip = frame->rip,
        .rflags = frame->rflags,
    };
}

int user_registers_write(struct trap_frame *frame, const struct thread_registers *registers)
{
    if (registers->rip < USER_BASE || registers->rip >= USER_END ||
        registers->fs_base >= USER_END) {
        return ERROR_RANGE;
    }
    frame->rax = registers->rax;
    frame->rbx = registers->rbx;
    frame->rcx = registers->rcx;
    frame->rdx = registers->rdx;
    frame->rsi = registers->rsi;
    frame->rdi = registers->rdi;
    frame->rbp = registers->rbp;
    frame->rsp = registers->rsp;
    frame->r8 = registers->r8;
    frame->r9 = registers->r9;
    frame->r10 = registers->r10;
    frame->r11 = registers->r11;
    frame->r12 = registers->r12;
    frame->r13 = registers->r13;
    frame->r14 = registers->r14;
    frame->r15 = registers->r15;
    frame->rip = registers->rip;
    frame->rflags = (registers->rflags & FLAGS_OF_USER) | FLAGS_INTERRUPT | FLAGS_ALWAYS_SET;
    return OK;
}
