/*
 * One function for each machine instruction that C has no expression for, and the names of control
 * bits and MSRs. Sources: Intel SDM volume 2 (the instructions), volume 3A section 2.5 (CR0, CR4),
 * volume 4 (MSRs).
 */
#pragma once

#include "arch/x86_64/cpu/off_time.h"
#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/cpu/types.h"

#define CR0_MONITOR_FPU   (1UL << 1)
#define CR0_EMULATION     (1UL << 2)
#define CR0_TASK_SWITCHED (1UL << 3)
#define CR0_NUMERIC_ERROR (1UL << 5)
#define CR0_WRITE_PROTECT (1UL << 16)

#define CR4_MCE               (1UL << 6)
#define CR4_PAGE_GLOBAL       (1UL << 7)
#define CR4_OS_FXSR           (1UL << 9)
#define CR4_OS_XMM_EXCEPTIONS (1UL << 10)
#define CR4_UMIP              (1UL << 11)
#define CR4_OS_XSAVE          (1UL << 18)
#define CR4_SMEP              (1UL << 20)
#define CR4_SMAP              (1UL << 21)
#define CR4_FRED              (1UL << 32)

#define FLAGS_ALWAYS_SET      (1UL << 1)
#define FLAGS_STATUS          0x8d5UL /* CF, PF, AF, ZF, SF, OF */
#define FLAGS_TRAP            (1UL << 8)
#define FLAGS_INTERRUPT       (1UL << 9)
#define FLAGS_DIRECTION       (1UL << 10)
#define FLAGS_IO_PRIVILEGE    (3UL << 12)
#define FLAGS_NESTED_TASK     (1UL << 14)
#define FLAGS_RESUME          (1UL << 16)
#define FLAGS_ALIGNMENT_CHECK (1UL << 18)
#define FLAGS_IDENTIFICATION  (1UL << 21)

#define MSR_APIC_BASE      0x1b
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_SYSCALL_MASK   0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

#define EFER_SYSCALL (1UL << 0)

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

/* Returns the four registers that CPUID gives for a leaf and a subleaf. Context: ANY. */
static always_inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

/* Writes a byte to an I/O port. Context: ANY. */
static always_inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

/* Writes 16 bits to an I/O port. Context: ANY. */
static always_inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}

/* Writes 32 bits to an I/O port. Context: ANY. */
static always_inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

/* Reads a byte from an I/O port; 0xff where no device answers. Context: ANY. */
static always_inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Reads 16 bits from an I/O port. Context: ANY. */
static always_inline uint16_t inw(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Reads 32 bits from an I/O port. Context: ANY. */
static always_inline uint32_t inl(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Reads a model-specific register, which the CPU must have: else #GP. Context: ANY. */
static always_inline uint64_t msr_read(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return ((uint64_t)high << 32) | low;
}

/* Writes a model-specific register. The CPU raises #GP if it refuses the value. Context: ANY. */
static always_inline void msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* Reads the time-stamp counter. Earlier instructions may still be executing. Context: ANY. */
static always_inline uint64_t tsc_read(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

/* Reads the time-stamp counter after all earlier instructions have completed. Context: ANY. */
static always_inline uint64_t tsc_read_ordered(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return ((uint64_t)high << 32) | low;
}

/* Reads RFLAGS. Context: ANY. */
static always_inline uint64_t flags_read(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return flags;
}

#ifdef LATENCY
/* The latency build times the section that begins here, if interrupts were on. */
#define OFF_TIME_INTERRUPTS_BEGIN(flags)                                                           \
    do {                                                                                           \
        if (FLAGS_INTERRUPT & (flags)) {                                                           \
            off_time_interrupts_begin(OFF_TIME_PLACE());                                           \
        }                                                                                          \
    } while (0)
#define OFF_TIME_FLAGS() flags_read()
#else
#define OFF_TIME_INTERRUPTS_BEGIN(flags) ((void)(flags))
#define OFF_TIME_FLAGS()                 0
#endif

/*
 * Turns interrupts off. `rule` is the name of the patch-site rule that holds at this place
 * (patch_site.h). Context: ANY; the rule adds its own condition.
 */
#define interrupts_disable_by(rule)                                                                \
    do {                                                                                           \
        bool both_on_ = site_rule_check(SITE_RULE_##rule);                                         \
        uint64_t flags_before_ = OFF_TIME_FLAGS();                                                 \
        SITE_INTERRUPTS_OFF(rule);                                                                 \
        OFF_TIME_INTERRUPTS_BEGIN(flags_before_);                                                  \
        site_ready_check(both_on_, __builtin_frame_address(0));                                    \
    } while (0)

/* Turns interrupts off. Context: ANY. */
static always_inline void interrupts_disable(void)
{
    interrupts_disable_by(EITHER);
}

/* Turns interrupts on, after one more instruction (SDM volume 2, STI). Context: THREAD, ATOMIC. */
static always_inline void interrupts_enable(void)
{
    off_time_interrupts_end(OFF_TIME_PLACE());
    __asm__ volatile("sti" ::: "memory");
}

/* Returns true if this CPU takes interrupts. Context: ANY. */
static always_inline bool interrupts_enabled(void)
{
    return (flags_read() & FLAGS_INTERRUPT) != 0;
}

/*
 * Turns interrupts off and returns the flags for interrupts_restore(). Pairs nest. `rule` is the
 * name of the patch-site rule that holds at this place (patch_site.h). Context: ANY.
 */
#define interrupts_save_by(rule)                                                                   \
    ({                                                                                             \
        uint64_t flags_saved_ = flags_read();                                                      \
        interrupts_disable_by(rule);                                                               \
        flags_saved_;                                                                              \
    })

/* Turns interrupts off and returns the flags for interrupts_restore(). Pairs nest. Context: ANY. */
static always_inline must_check uint64_t interrupts_save(void)
{
    return interrupts_save_by(EITHER);
}

/* Turns interrupts on if they were on at the interrupts_save() that gave `flags`. Context: ANY. */
static always_inline void interrupts_restore(uint64_t flags)
{
    if (flags & FLAGS_INTERRUPT) {
        interrupts_enable();
    }
}

/*
 * Turns interrupts on and halts until one arrives. No interrupt is taken between the two, because
 * STI takes effect after the next instruction (SDM volume 2, STI). Context: ATOMIC.
 */
static always_inline void cpu_wait_for_interrupt(void)
{
    off_time_halt(OFF_TIME_PLACE());
    __asm__ volatile("sti; hlt" ::: "memory");
}

/* Executes one NOP, for instance as the one instruction that an STI lets pass. Context: ANY. */
static always_inline void cpu_nothing(void)
{
    __asm__ volatile("nop" ::: "memory");
}

/* Tells the CPU that this is a spin loop (SDM volume 2, PAUSE). Context: ANY. */
static always_inline void cpu_pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}

/* Halts this CPU with interrupts off. NMIs and machine checks still wake it. Context: ANY. */
static always_inline noreturn_function void cpu_halt_forever(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt" ::: "memory");
    }
}

/* Reads CR0. Context: ANY. */
static always_inline uint64_t cr0_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

/* Writes CR0. Context: ANY. */
static always_inline void cr0_write(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr0" ::"r"(value) : "memory");
}

/* Reads CR2, the address of the last page fault. Context: ANY. */
static always_inline uint64_t cr2_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

/* Reads CR3, the physical address of the top-level page table. Context: ANY. */
static always_inline uint64_t cr3_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

/* Writes CR3. Translations that are not global are forgotten (SDM 4.10.4.1). Context: ANY. */
static always_inline void cr3_write(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(value) : "memory");
}

/* Reads CR4. Context: ANY. */
static always_inline uint64_t cr4_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

/* Writes CR4. The CPU raises #GP if it refuses the value. Context: ANY. */
static always_inline void cr4_write(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr4" ::"r"(value) : "memory");
}

/*
 * Removes this CPU's cached translation of the page that holds an address, global or not (SDM
 * 4.10.4.1). Context: ANY.
 */
static always_inline void tlb_forget_page(uintptr_t address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}
