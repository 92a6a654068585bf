/*
 * The test whether a function has set up its frame where it was interrupted. Compilers omit the
 * frame of functions that call nothing and set it up late in others, so the instructions decide:
 * before PUSH RBP; MOV RBP, RSP, and at a RET, the return address lies at RSP; between the two
 * instructions it lies above the pushed RBP.
 */
#include "arch/x86_64/entry/unwind_prologue.h"

#include "lib/symbols.h"

#define PUSH_RBP    0x55
#define RET         0xc3
#define MOV_RBP_RSP 0xe58948 /* 48 89 e5 */

#define SEARCH_BYTES 256 /* a function that has a frame sets it up within so many bytes */

/* Returns the offset at which a function sets up its frame; `offset` if it does so later. */
static uintptr_t frame_begin_find(const uint8_t *function, uintptr_t offset)
{
    uintptr_t end = offset < SEARCH_BYTES ? offset : SEARCH_BYTES;
    for (uintptr_t at = 0; at < end; at++) {
        if (function[at] == PUSH_RBP && function[at + 1] == (MOV_RBP_RSP & 0xff) &&
            function[at + 2] == (MOV_RBP_RSP >> 8 & 0xff) &&
            function[at + 3] == (MOV_RBP_RSP >> 16)) {
            return at;
        }
    }
    return offset;
}

uintptr_t unwind_prologue_caller(uintptr_t rip, uintptr_t rsp,
                                 bool (*read)(uintptr_t address, uint64_t *word))
{
    uintptr_t offset = 0;
    uint64_t word;
    /* At an address in no function, a wrong call led there: its return address lies at RSP. */
    if (symbol_find(rip, &offset) != NULL && offset != 0) {
        const uint8_t *code = (const uint8_t *)rip;
        uintptr_t begin = frame_begin_find(code - offset, offset);
        if (begin < offset && *code != RET) {
            if (offset != begin + 1) {
                return 0; /* it has its frame */
            }
            rsp += sizeof(word); /* RBP is pushed, and not set yet */
        }
    }
    return read(rsp, &word) && symbol_find(word - 1, NULL) != NULL ? word : 0;
}
