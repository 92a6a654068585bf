/* See fpu.h. */
#include "arch/x86_64/cpu/fpu.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"
#include "lib/string.h"

#define CPUID_1_ECX_XSAVE (1U << 26)
#define CPUID_XSAVE       0xd

#define COMPONENTS_WANTED 7UL /* bits of XCR0: x87, SSE, AVX */

/* Offsets that FXSAVE and XSAVE use in an area, and the least bytes that each writes. */
#define AREA_CONTROL_WORD 0
#define AREA_MXCSR        24
#define FXSAVE_BYTES      512
#define XSAVE_BYTES_LEAST 576 /* with the header, whose first word tells what is not clean */

static uint64_t components; /* 0: the CPU has no XSAVE */
static size_t area_bytes = FXSAVE_BYTES;

/* Clean registers. XRSTOR reads no further: the header says that all components are clean. */
static uint8_t clean[XSAVE_BYTES_LEAST] aligned_to(FPU_AREA_ALIGNMENT);

/* Whose registers are loaded on this CPU, and whose are to be loaded by the switch under way. */
static PER_CPU(struct fpu_area *, fpu_loaded);
static PER_CPU(struct fpu_area *, fpu_wanted);

static void registers_save(void *area)
{
    if (components != 0) {
        __asm__ volatile("xsave64 (%0)" ::"r"(area), "a"((uint32_t)components), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
    }
}

static void registers_load(const void *area)
{
    if (components != 0) {
        __asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"((uint32_t)components), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
    }
}

/*
 * Clears the registers. FNINIT clears what FXRSTOR leaves on AMD's CPUs: the addresses of the last
 * x87 instruction and its operand.
 */
static void registers_clear(void)
{
    __asm__ volatile("fninit" ::: "memory");
    registers_load(clean);
}

static void fpu_allow(void)
{
    __asm__ volatile("clts" ::: "memory");
}

static void fpu_forbid(void)
{
    cr0_write(cr0_read() | CR0_TASK_SWITCHED);
}

static void xsave_enable(void)
{
    cr4_write(cr4_read() | CR4_OS_XSAVE);
    uint64_t enabled = cpuid(CPUID_XSAVE, 0).eax & COMPONENTS_WANTED;
    __asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)enabled), "d"(0) : "memory");
    components = enabled;
    area_bytes = cpuid(CPUID_XSAVE, 0).ebx; /* for what is enabled by now */
}

void fpu_cpu_init(void)
{
    cr4_write(cr4_read() | CR4_OS_FXSR | CR4_OS_XMM_EXCEPTIONS);
    cr0_write((cr0_read() & ~(CR0_EMULATION | CR0_TASK_SWITCHED)) | CR0_MONITOR_FPU |
              CR0_NUMERIC_ERROR);
    if (cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE) {
        xsave_enable();
    }
    fpu_area_init((struct fpu_area *)clean);
    registers_clear();
    fpu_forbid();
}

size_t fpu_area_bytes(void)
{
    return area_bytes;
}

void fpu_area_init(struct fpu_area *area)
{
    uint8_t *bytes = (uint8_t *)area;
    const uint16_t control_word = FPU_CONTROL_WORD_CLEAN;
    const uint32_t mxcsr = FPU_MXCSR_CLEAN;

    memset(bytes, 0, bytes == clean ? sizeof(clean) : area_bytes);
    memcpy(bytes + AREA_CONTROL_WORD, &control_word, sizeof(control_word));
    memcpy(bytes + AREA_MXCSR, &mxcsr, sizeof(mxcsr));
}

void fpu_want(struct fpu_area *area)
{
    this_cpu(fpu_wanted) = area;
}

bool fpu_switch(void)
{
    struct fpu_area *left = this_cpu(fpu_loaded), *next = this_cpu(fpu_wanted);

    if (left != NULL) {
        registers_save(left);
        registers_clear();
    }
    this_cpu(fpu_loaded) = next;
    this_cpu(fpu_wanted) = NULL;
    if (next == NULL) {
        fpu_forbid();
        return false;
    }
    fpu_allow();
    registers_load(next);
    return true;
}

void fpu_drop(const struct fpu_area *area)
{
    if (area != NULL && this_cpu(fpu_loaded) == area) {
        registers_clear();
        fpu_forbid();
        this_cpu(fpu_loaded) = NULL;
    }
}

uint64_t fpu_components(void)
{
    return components;
}
