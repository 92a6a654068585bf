/* Functions by which tests disturb the way of text to its devices: nothing else calls these. */
#pragma once

/*
 * Keeps text in the ring until console_output_release(): no CPU shows a piece meanwhile, and the
 * caller has preemption off, so that its own text is not shown, either. Context: ATOMIC.
 */
void console_output_hold(void);

/* Lets text be shown again. Context: ATOMIC, after console_output_hold(). */
void console_output_release(void);
