/* Shared by the tests of backtraces: a trace, callers with known names, and the comparison. */
#pragma once

#include "arch/x86_64/entry/backtrace.h"

extern struct backtrace test_trace; /* the trace that the last test took */
extern volatile bool trace_taken;

/* Keeps a call from being the last action of a function, which would make it a jump. */
#define NOT_THE_LAST() __asm__ volatile("" ::: "memory")

/* Says whether a step lies in this function. Context: ANY. */
bool step_is(const struct backtrace_step *step, const char *function);

/*
 * Fails the test unless all functions are in the trace in this order. "!name" means: interrupted
 * there by `vector`. Context: THREAD.
 */
void trace_check(const char *const *functions, unsigned count, unsigned vector);

#define CHECK_TRACE(vector, ...)                                                                   \
    do {                                                                                           \
        static const char *const names[] = {__VA_ARGS__};                                          \
        trace_check(names, sizeof(names) / sizeof(names[0]), (vector));                            \
    } while (0)

/* Takes the trace. Context: ANY. */
void take_here(void);

/* Calls `leaf` by way of caller_inner(). Context: that of `leaf`. */
void caller_outer(void (*leaf)(void));
