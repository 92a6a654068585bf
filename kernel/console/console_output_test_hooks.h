/* Functions by which tests keep text from being shown: nothing else calls these. */
#pragma once

/*
 * Keeps text in the ring until console_output_release(): no CPU shows a piece meanwhile. Preemption
 * is off in between, so that the caller's own text stays in the ring, too. Context: ATOMIC.
 */
void console_output_hold(void);

/* Lets text be shown again. Context: ATOMIC, after console_output_hold(). */
void console_output_release(void);
