/* How deep stacks were used, told to the host that knows how deep each may get. */
#pragma once

/*
 * Prints the deepest use of each kind of entry stack, and of the stacks of the kernel's own
 * threads, those that were there from the boot on and are still: make stack-bounds has the bounds.
 * Thread context.
 */
void stack_watermarks_print(void);
