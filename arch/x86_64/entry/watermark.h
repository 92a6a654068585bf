/*
 * High-water marks of the entry stacks: the greatest depth to which each kind was ever used, on any
 * CPU. The pages of an entry stack are filled with a pattern before the first use, so a word that
 * differs from the pattern was used. `make stack-bounds` computes an upper bound of each mark.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Fills a page that becomes part of an entry stack with the pattern. Context: ANY. */
void watermark_fill(void *page);

struct watermark {
    const char *name;
    size_t bytes; /* from the deepest byte written to the top, on any CPU; 0 if none was */
    size_t limit; /* the bytes available: one area under the IDT, the whole stack with FRED */
};

/*
 * Reads the mark of entry stack `number`, counted from 1: a kind under the IDT, a level with FRED.
 * Returns false if there is no such number. Events may arrive meanwhile. Context: THREAD.
 */
must_check bool watermark_read(unsigned number, struct watermark *mark);
