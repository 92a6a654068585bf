/*
 * Machine checks: hardware errors, which come at any instruction, whatever the interrupt flag says.
 * With them off in CR4 one would shut the processor down without a word.
 */
#pragma once

/*
 * Lets machine checks in on the calling CPU, if it has them, and every bank report. Once on each
 * CPU, when its entry stacks are there. Source: SDM volume 3B, "Machine-Check Initialization".
 */
void machine_check_enable(void);
