/*
 * The PAT has eight entries of a byte. Pages with PWT alone use entry 1, which is changed here to
 * write-combining. There are no such pages before, so no cache has to be flushed.
 */
#include "arch/x86_64/cpu/page_attributes.h"

#include "arch/x86_64/cpu/cpu.h"

#define CPUID_1_EDX_PAT (1U << 16)
#define MSR_PAT         0x277
#define ENTRY_SHIFT     8 /* of entry 1 */
#define ENTRY_MASK      0xffUL
#define WRITE_COMBINING 1UL

static bool has_pat(void)
{
    return (cpuid(1, 0).edx & CPUID_1_EDX_PAT) != 0;
}

void page_attributes_set(void)
{
    if (has_pat()) {
        uint64_t others = msr_read(MSR_PAT) & ~(ENTRY_MASK << ENTRY_SHIFT);
        msr_write(MSR_PAT, others | WRITE_COMBINING << ENTRY_SHIFT);
    }
}

bool page_attributes_combine(void)
{
    return has_pat() && (msr_read(MSR_PAT) >> ENTRY_SHIFT & ENTRY_MASK) == WRITE_COMBINING;
}
