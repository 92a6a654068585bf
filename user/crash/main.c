/*
 * crash NUMBER: does something that a program must not do, so that the kernel ends it. The list is
 * below; a number beyond its end makes the program end with STATUS_NO_MORE.
 */
#include "lib/number.h"
#include "user/lib/print.h"
#include "user/lib/program.h"

#define STATUS_SURVIVED 1
#define STATUS_NO_MORE  64
#define KERNEL_TEXT     0xffffffff80100000UL
#define KERNEL_DIRECT   0xffff800000100000UL
#define NOT_CANONICAL   0x0000800000000000UL
#define LAST_PAGE       0x00007ffffffff000UL /* below NOT_CANONICAL; never mapped */
#define PROGRAM_CODE    0x400000UL

static uint8_t data[16] = {0xc3}; /* a return instruction */

static void read_from(uintptr_t address)
{
    (void)*(volatile uint8_t *)address;
}

static void write_to(uintptr_t address)
{
    *(volatile uint8_t *)address = 1;
}

static void jump_to(uintptr_t address)
{
    ((void (*)(void))address)();
}

/* The array is used after the call too, so the compiler cannot make a loop of it. */
static never_inline void stack_use(unsigned depth)
{
    uint8_t bytes[512];

    __asm__ volatile("" ::"r"(bytes) : "memory");
    if (depth > 0) {
        stack_use(depth - 1);
    }
    __asm__ volatile("" ::"r"(bytes) : "memory");
}

/* clang-format off */
#define INSTRUCTION(text) __asm__ volatile(text ::: "rax", "rcx", "rdx", "memory")

static void crash(unsigned number)
{
    switch (number) {
    case 0: read_from(0); break;
    case 1: write_to(0); break;
    case 2: write_to(PROGRAM_CODE); break;
    case 3: jump_to((uintptr_t)data); break;
    case 4: read_from(KERNEL_TEXT); break;
    case 5: write_to(KERNEL_DIRECT); break;
    case 6: jump_to(KERNEL_TEXT); break;
    case 7: read_from(NOT_CANONICAL); break;
    case 8: jump_to(NOT_CANONICAL); break;
    case 9: read_from(LAST_PAGE); break;
    case 10: jump_to(LAST_PAGE); break;
    case 11: stack_use(UINT32_MAX); break;
    case 12: INSTRUCTION("xor %%eax, %%eax; div %%eax"); break;
    case 13: INSTRUCTION("ud2"); break;
    case 14: INSTRUCTION("hlt"); break;
    case 15: INSTRUCTION("cli"); break;
    case 16: INSTRUCTION("mov %%cr3, %%rax"); break;
    case 17: INSTRUCTION("mov $0xc0000080, %%ecx; rdmsr"); break;
    case 18: INSTRUCTION("mov $0xc0000082, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; wrmsr"); break;
    case 19: INSTRUCTION("in $0x64, %%al"); break;
    case 20: INSTRUCTION("mov $0xfe, %%al; out %%al, $0x64"); break; /* would reset the machine */
    case 21: INSTRUCTION("int $14"); break;
    case 22: INSTRUCTION("int $0x80"); break;
    case 23: INSTRUCTION("int3"); break;
    case 24: INSTRUCTION("pushfq; orl $0x100, (%%rsp); popfq; nop"); break; /* single step */
    case 25: INSTRUCTION("movaps %%xmm0, %%xmm1"); break;
    case 26: INSTRUCTION("mov $0x0000800000000008, %%rsp; push %%rax"); break;
    case 27: INSTRUCTION("xor %%esp, %%esp; push %%rax"); break;
    case 28: INSTRUCTION("push $0; push $0; push $0; push $8; push $0; iretq"); break;
    case 29: INSTRUCTION("xor %%eax, %%eax; lldt %%ax"); break;
    case 30: INSTRUCTION("swapgs"); break;
    case 31: INSTRUCTION("invlpg (%%rsp)"); break;
    case 32: INSTRUCTION("sysretq"); break;
    case 33: INSTRUCTION("clts"); break;
    default: program_exit(STATUS_NO_MORE);
    }
}
/* clang-format on */

int main(unsigned count, char **words)
{
    uint64_t number;

    if (count != 2 || number_parse_u64(words[1], &number) != 0) {
        printf("usage: crash NUMBER");
        return 2;
    }
    crash((unsigned)number);
    printf("number %lu is no crash", number);
    return STATUS_SURVIVED;
}
