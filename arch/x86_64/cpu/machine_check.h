/*
 * Machine checks: hardware errors that may be raised at any instruction, whatever the interrupt
 * flag says. While CR4.MCE is clear, a machine check shuts the machine down without a message.
 */
#pragma once

#include "lib/compiler.h"

struct machine_check {
    unsigned bank;    /* the first that reports an uncorrected error, else the first that reports */
    unsigned reports; /* banks that report an error; 0: `bank` and `status` mean nothing */
    uint64_t status;  /* of the bank: IA32_MCi_STATUS */
    uint64_t global;  /* IA32_MCG_STATUS */
};

/*
 * Enables machine checks on the calling CPU, if it has them, and the reports of all its banks.
 * Context: boot of each CPU, once, when its entry stacks exist. Source: SDM volume 3B,
 * "Machine-Check Initialization".
 */
void machine_check_enable(void);

/*
 * Reads the errors that the banks of the calling CPU report. Context: ANY, if the caller cannot
 * migrate. Source: SDM volume 3B, "IA32_MCi_STATUS MSRs".
 */
void machine_check_read(struct machine_check *check);
