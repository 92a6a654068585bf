/*
 * High-water marks of the entry stacks: how deep each kind was ever used, on any CPU. An entry
 * stack's frames are filled with a pattern before the stack is first used; what is no longer the
 * pattern was written. `make stack-bounds` computes what a mark can be at most.
 */
#pragma once

#include "arch/x86_64/types.h"

/* Fills one page that is going to be part of an entry stack. */
void entry_mark_fill(void *page);

/*
 * The deepest byte written in any area of this kind of entry stack, on any CPU that was started,
 * counted down from the area's top; 0 if none was used. Thread context; events may go on meanwhile.
 */
size_t entry_mark_bytes(unsigned kind);
