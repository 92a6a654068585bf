/* Programs of the boot archive in benchmarks, and the endpoint that they call. */
#pragma once

#include "kernel/ipc/ipc.h"
#include "kernel/task/task.h"

/* What the benchmark's thread receives by. */
extern struct ipc_state bench_ipc;

/*
 * Creates the endpoint for a benchmark of that name. Returns NULL if there is no memory: then the
 * benchmark has failed. Context: THREAD.
 */
struct endpoint *bench_programs_begin(const char *name);

/*
 * Starts a program, whose parent's handle is the endpoint, to call it. Returns NULL, and says why,
 * if that fails. Context: THREAD.
 */
struct task *bench_program_start(const char *words, struct endpoint *endpoint);

/*
 * Receives `count` calls, and answers each with its words inverted. Returns false if that many do
 * not come in time. Context: THREAD.
 */
bool bench_calls_answer(struct endpoint *endpoint, uint32_t count);

/* Closes the endpoint: who calls it gets an error. Context: THREAD. */
void bench_programs_end(struct endpoint *endpoint);

/*
 * Waits for the end of a program, NULL for none. Returns false, and says so, if it does not end, or
 * with a status other than 0; also for NULL. Context: THREAD.
 */
bool bench_program_end(struct task *task);

/* Returns the time, in ns, at which a wait that begins now is given up. Context: ANY. */
uint64_t bench_deadline(void);
