/*
 * The two 8259 interrupt controllers of old PCs. The kernel does not use them. They get vectors
 * that no exception has and are masked, so that a spurious interrupt of theirs does no harm.
 */
#pragma once

/*
 * Sets the vectors of the 8259s to VECTOR_LEGACY and above and masks all lines. Context: boot, on
 * CPU 0, once, interrupts off.
 */
void pic_disable(void);
