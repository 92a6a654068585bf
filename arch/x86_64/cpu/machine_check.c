/*
 * Enabling of machine checks. Each one is a panic (entry.c): the kernel cannot repair anything.
 * Errors that the banks hold from before the reset are left to the firmware.
 */
#include "arch/x86_64/cpu/machine_check.h"

#include "arch/x86_64/cpu/cpu.h"

#define CPUID_1_EDX_MCE (1U << 7)
#define CPUID_1_EDX_MCA (1U << 14)

#define MSR_MCG_CAP    0x179
#define MSR_MCG_STATUS 0x17a
#define MSR_MCG_CTL    0x17b
#define MSR_MC0_CTL    0x400 /* four MSRs a bank */
#define MSR_MC0_STATUS 0x401
#define BANK_STRIDE    4
#define CAP_BANKS      0xffU
#define CAP_HAS_CTL    (1UL << 8)
#define CTL_ALL        UINT64_MAX

#define STATUS_VALID       (1UL << 63)
#define STATUS_UNCORRECTED (1UL << 61)

void machine_check_read(struct machine_check *check)
{
    *check = (struct machine_check){.reports = 0};
    if (!(cpuid(1, 0).edx & CPUID_1_EDX_MCA)) {
        return;
    }
    uint64_t banks = msr_read(MSR_MCG_CAP) & CAP_BANKS;
    check->global = msr_read(MSR_MCG_STATUS);
    for (uint32_t bank = 0; bank < banks; bank++) {
        uint64_t status = msr_read(MSR_MC0_STATUS + bank * BANK_STRIDE);
        if (!(status & STATUS_VALID)) {
            continue;
        }
        bool worse = (status & STATUS_UNCORRECTED) > (check->status & STATUS_UNCORRECTED);
        if (check->reports == 0 || worse) {
            check->bank = bank;
            check->status = status;
        }
        check->reports++;
    }
}

void machine_check_enable(void)
{
    uint32_t features = cpuid(1, 0).edx;
    if (!(features & CPUID_1_EDX_MCE)) {
        return;
    }
    if (features & CPUID_1_EDX_MCA) {
        uint64_t capabilities = msr_read(MSR_MCG_CAP);
        if (capabilities & CAP_HAS_CTL) {
            msr_write(MSR_MCG_CTL, CTL_ALL);
        }
        for (uint32_t bank = 0; bank < (capabilities & CAP_BANKS); bank++) {
            msr_write(MSR_MC0_CTL + bank * BANK_STRIDE, CTL_ALL);
        }
    }
    cr4_write(cr4_read() | CR4_MCE);
}
