/*
 * The two 8259 interrupt controllers of old PCs. Nothing uses them; they are given vectors of their
 * own, out of the exceptions' way, and masked, so that not even a spurious interrupt hurts.
 */
#pragma once

/* Moves the 8259s to VECTOR_LEGACY and masks all lines. CPU 0, interrupts off. */
void pic_disable(void);
