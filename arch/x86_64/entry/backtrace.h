/*
 * Who called whom, by frame pointers, across entry stacks and moved frames. Reads only memory that
 * is mapped, and never brings a stack page in. Any context, NMI included.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"

#define BACKTRACE_MAX 28

struct backtrace_step {
    uintptr_t address; /* return address, or the interrupted instruction */
    uintptr_t frame;   /* where on the stack this was found */
    uint16_t event;    /* vector + 1 if `address` was interrupted by that vector, else 0 */
    uint32_t repeats;  /* so many more steps like this one follow: recursion */
};

struct backtrace {
    uint32_t count;
    bool full;   /* there was more */
    bool broken; /* the chain led to something that is no frame */
    struct backtrace_step steps[BACKTRACE_MAX];
};

/* From an interrupted context. */
void backtrace_from_frame(struct backtrace *trace, const struct trap_frame *frame);

/* From a frame pointer; `address` is the first step unless it is 0. */
void backtrace_from(struct backtrace *trace, uintptr_t address, uintptr_t frame_pointer);

/* Bytes that belong at `address`, but lie elsewhere. */
struct backtrace_copy {
    uintptr_t address;
    size_t bytes;
    const void *image;
};

/* As backtrace_from(), of a stack whose live bytes were moved away. */
void backtrace_from_copy(struct backtrace *trace, uintptr_t address, uintptr_t frame_pointer,
                         const struct backtrace_copy *window);

/* From the caller on. */
void backtrace_from_here(struct backtrace *trace);

/*
 * One symbolised line a step, without newlines, to `line`. Any context in which that may be called.
 */
void backtrace_lines(const struct backtrace *trace, void (*line)(const char *text));

/* The same as log lines, or straight to the serial port. */
void backtrace_log(const struct backtrace *trace);
void backtrace_raw(const struct backtrace *trace);
