/*
 * Prints how deep stacks were used. The test runner on the host compares that with the computed
 * bounds.
 */
#pragma once

/*
 * Prints the deepest use of each kind of entry stack, and of the stacks of the kernel's own
 * threads, which exist from the boot on. `make stack-bounds` computes the bounds. Context: THREAD.
 */
void stack_watermarks_print(void);
