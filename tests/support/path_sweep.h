/*
 * #DB and an NMI at each instruction of a path of a system call, on CPU 0.
 *
 * The instructions are found by walking, as user_sweep_test.c does: where the path begins an execute
 * breakpoint stops the CPU, and #DB single-steps from there until the path is left. If it is left by
 * a call, the return address is one more place where it begins. Then the path is taken again for
 * each address, with a breakpoint there. Its #DB is the first event; the handler makes an NMI arrive
 * before that very instruction (nmi_exact.h).
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

#define PATH_SWEEP_STARTS 8

struct path_sweep {
    const char *name;
    const char *begin, *end;               /* its code */
    const char *starts[PATH_SWEEP_STARTS]; /* where the CPU comes to it; then NULL */
    unsigned least;                        /* its instructions, in the build that has the fewest */
    /*
     * Takes the path, with path_sweep_arm() before and path_sweep_disarm() after it. Returns
     * whether all results are right. Context: THREAD, on CPU 0.
     */
    bool (*take)(void);
};

/*
 * Sweeps over a path. Fails the test for each instruction at which no event arrived or a result is
 * not right, and notes how many were covered. Context: THREAD, bound to CPU 0.
 */
void path_sweep_run(const struct path_sweep *sweep);

/* Sets the breakpoint of this passage, and takes it away. Context: THREAD, on CPU 0. */
void path_sweep_arm(void);
void path_sweep_disarm(void);
