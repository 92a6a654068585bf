/*
 * High-water marks of the entry stacks: how deep each kind was ever used, on any CPU. An entry
 * stack's frames are filled with a pattern before the stack is first used; what is no longer the
 * pattern was written. `make stack-bounds` computes what a mark can be at most.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Fills one page that is going to be part of an entry stack. */
void watermark_fill(void *page);

struct watermark {
    const char *name;
    size_t bytes; /* the deepest byte written, on any CPU that was started; 0 if none was */
    size_t limit; /* what there is: one area under the IDT, the whole stack with FRED */
};

/*
 * The mark of entry stack `number`: from 1 on, each kind's under the IDT, each level's with FRED.
 * False if there is none of that number. Thread context; events may go on meanwhile.
 */
must_check bool watermark_read(unsigned number, struct watermark *mark);
