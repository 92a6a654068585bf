/*
 * Single instructions that C cannot say, one function each, and the names of the control bits.
 * Any context. Sources: Intel SDM volume 2 (the instructions), volume 3A section 2.5 (CR0, CR4),
 * volume 4 (MSRs).
 */
#pragma once

#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/cpu/types.h"

#define CR0_WRITE_PROTECT (1UL << 16)

#define CR4_PAGE_GLOBAL (1UL << 7)
#define CR4_UMIP        (1UL << 11)
#define CR4_SMEP        (1UL << 20)
#define CR4_SMAP        (1UL << 21)
#define CR4_MCE         (1UL << 6)
#define CR4_FRED        (1UL << 32)

#define FLAGS_TRAP            (1UL << 8)
#define FLAGS_INTERRUPT       (1UL << 9)
#define FLAGS_DIRECTION       (1UL << 10)
#define FLAGS_ALIGNMENT_CHECK (1UL << 18)

#define MSR_APIC_BASE      0x1b
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

static always_inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

static always_inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static always_inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}

static always_inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

static always_inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static always_inline uint16_t inw(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static always_inline uint32_t inl(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static always_inline uint64_t msr_read(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return ((uint64_t)high << 32) | low;
}

static always_inline void msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static always_inline uint64_t tsc_read(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

/* Waits for all earlier instructions, then reads: for measuring. */
static always_inline uint64_t tsc_read_ordered(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return ((uint64_t)high << 32) | low;
}

static always_inline uint64_t flags_read(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return flags;
}

/*
 * Turns interrupts off. Each place says by which rule its stack is ready for that (patch_site.h);
 * the name of a rule stands for its number.
 */
#define interrupts_disable_by(rule)                                                                \
    do {                                                                                           \
        bool both_on_ = site_rule_check(SITE_RULE_##rule);                                         \
        SITE_INTERRUPTS_OFF(rule);                                                                 \
        site_ready_check(both_on_, __builtin_frame_address(0));                                    \
    } while (0)

static always_inline void interrupts_disable(void)
{
    interrupts_disable_by(EITHER);
}

static always_inline void interrupts_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}

static always_inline bool interrupts_enabled(void)
{
    return (flags_read() & FLAGS_INTERRUPT) != 0;
}

/* Turns interrupts off and returns what interrupts_restore() needs; pairs nest. */
#define interrupts_save_by(rule)                                                                   \
    ({                                                                                             \
        uint64_t flags_saved_ = flags_read();                                                      \
        interrupts_disable_by(rule);                                                               \
        flags_saved_;                                                                              \
    })

static always_inline must_check uint64_t interrupts_save(void)
{
    return interrupts_save_by(EITHER);
}

static always_inline void interrupts_restore(uint64_t flags)
{
    if (flags & FLAGS_INTERRUPT) {
        interrupts_enable();
    }
}

/* Turns interrupts on and sleeps until one comes, with no gap between the two. */
static always_inline void cpu_wait_for_interrupt(void)
{
    __asm__ volatile("sti; hlt" ::: "memory");
}

/* One instruction that does nothing: what STI wants before it lets interrupts in. Any context. */
static always_inline void cpu_nothing(void)
{
    __asm__ volatile("nop" ::: "memory");
}

static always_inline void cpu_pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}

static always_inline noreturn_function void cpu_halt_forever(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt" ::: "memory");
    }
}

static always_inline uint64_t cr0_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static always_inline void cr0_write(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr0" ::"r"(value) : "memory");
}

static always_inline uint64_t cr2_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static always_inline uint64_t cr3_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static always_inline void cr3_write(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(value) : "memory");
}

static always_inline uint64_t cr4_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static always_inline void cr4_write(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr4" ::"r"(value) : "memory");
}

/* Forgets this CPU's cached translation of one page, global or not (SDM 4.10.4.1). */
static always_inline void tlb_forget_page(uintptr_t address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}
