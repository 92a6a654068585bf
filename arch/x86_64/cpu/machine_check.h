/*
 * Machine checks: hardware errors that may be raised at any instruction, whatever the interrupt
 * flag says. While CR4.MCE is clear, a machine check shuts the machine down without a message.
 */
#pragma once

/*
 * Enables machine checks on the calling CPU, if it has them, and the reports of all its banks.
 * Context: boot of each CPU, once, when its entry stacks exist. Source: SDM volume 3B,
 * "Machine-Check Initialization".
 */
void machine_check_enable(void);
