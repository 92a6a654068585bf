/* What a toy pager and its client know of the file that does not exist. */
#pragma once

#include "lib/format.h"
#include "user/lib/pages.h"

#define TOY_PAGES      32
#define TOY_LINE_BYTES 64
#define TOY_LINES      (PAGE_BYTES / TOY_LINE_BYTES)

/* The label of the call by which a client asks for the file's memory. The answer has a handle. */
#define TOY_OPEN 100

/* The last page is a hole: a touch of it ends the thread with this status. */
#define TOY_HOLE        (TOY_PAGES - 1)
#define TOY_HOLE_STATUS 77

/* Writes the text of a line: a printable text, and zeroes behind it. */
static inline void toy_line(char text[TOY_LINE_BYTES], size_t page, size_t line)
{
    for (unsigned i = 0; i < TOY_LINE_BYTES; i++) {
        text[i] = '\0';
    }
    format_string(text, TOY_LINE_BYTES, "page %lu, line %lu of a file that does not exist", page,
                  line);
}
