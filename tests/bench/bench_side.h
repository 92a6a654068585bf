/*
 * The two sides of a benchmark of messages: each is a task with an address space of its own and one
 * thread that runs a piece of tests/user/user_code.asm. The page of data has the words that the
 * piece reads, at fixed places; each side finds its own stamp there, or stops.
 */
#pragma once

#include "tests/task/task_fixture.h"

/* As user_code.asm: calls that a client makes, and words of its page of data. */
#define BENCH_CALLS     400
#define BENCH_TAGS_AT   400 /* BENCH_TAGS words: the tags of the client's calls, in turn */
#define BENCH_TAGS      16
#define BENCH_STAMP_AT  416 /* 1: a client, 2: a server */
#define BENCH_HANDLE_AT 417 /* handles, for pieces that need more than one */

#define BENCH_WARM_UP 50

enum bench_role { BENCH_CLIENT = 1, BENCH_SERVER };

struct bench_side {
    struct task *task;
    struct user_thread *user;
};

/* Creates a side without a thread. Returns false without memory. Context: THREAD. */
must_check bool bench_side_create(struct bench_side *side, enum bench_role role);

/* Opens a handle in the side's task; returns 0 if that fails. Context: THREAD. */
uint32_t bench_side_handle(const struct bench_side *side, struct object *object, unsigned rights,
                           uint64_t badge);

/*
 * Starts the side's thread at a piece, with this argument, on these CPUs. Context: THREAD.
 */
must_check bool bench_side_start(struct bench_side *side, const char *code, uint64_t argument,
                                 uint64_t affinity);

/*
 * Waits until a client has made its calls, and copies what they cost, without the overhead of the
 * two readings and without the first calls. Returns how many samples there are. Context: THREAD.
 */
unsigned bench_side_samples(const struct bench_side *side, uint64_t samples[BENCH_CALLS]);

/* Ends a side, whether its thread was started or not. Context: THREAD. */
void bench_side_end(struct bench_side *side);
