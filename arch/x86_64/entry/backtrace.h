/*
 * Backtraces by frame pointers, across entry stacks and moved frames. They read only memory that is
 * mapped, and never fill a hole of a stack.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"

#define BACKTRACE_MAX 28

struct backtrace_step {
    uintptr_t address; /* return address, or the interrupted instruction */
    uintptr_t frame;   /* where on the stack this was found */
    uint16_t event;    /* vector + 1 of the event that interrupted `address`; 0: a call */
    bool partial;      /* of the event's trap frame only the words that the CPU pushed are known */
    uint32_t repeats;  /* how many more equal steps follow: recursion */
};

struct backtrace {
    uint32_t count;
    bool full;   /* the chain has more than BACKTRACE_MAX steps */
    bool broken; /* the chain ended at something that is no frame */
    struct backtrace_step steps[BACKTRACE_MAX];
};

/* Records the backtrace of an interrupted context. Context: ANY. */
void backtrace_from_frame(struct backtrace *trace, const struct trap_frame *frame);

/*
 * Records the backtrace from a frame pointer on. `address` becomes the first step unless it is 0.
 * Context: ANY.
 */
void backtrace_from(struct backtrace *trace, uintptr_t address, uintptr_t frame_pointer);

/* The bytes of a stack at [address, address + bytes) that were copied to `image`. */
struct backtrace_copy {
    uintptr_t address;
    size_t bytes;
    const void *image;
};

/*
 * Records the backtrace of a stack whose live bytes were saved elsewhere, from a frame pointer on.
 * It reads these bytes in the copy that `window` describes. `address` becomes the first step.
 * Context: ANY.
 */
void backtrace_from_copy(struct backtrace *trace, uintptr_t address, uintptr_t frame_pointer,
                         const struct backtrace_copy *window);

/* Records the backtrace of the caller. Context: ANY. */
void backtrace_from_here(struct backtrace *trace);

/*
 * Formats one line for each step, with its symbol and without a newline, and passes it to `line`.
 * Context: that of `line`.
 */
void backtrace_lines(const struct backtrace *trace, void (*line)(const char *text));

/* Logs a backtrace as errors. Context: that of log_print(). */
void backtrace_log(const struct backtrace *trace);

/* Writes a backtrace to the serial port by polling, without a lock. Context: ANY. */
void backtrace_raw(const struct backtrace *trace);
