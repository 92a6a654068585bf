/*
 * The fuzzer of system calls: makes calls at random, in sequences, with handles that are open,
 * closed, of the wrong type or never were, with addresses at the edges of what is mapped, and with
 * numbers at their extremes. It is driven by the list of system calls, and checks each result:
 *
 *   - an error is one that the list names for the call;
 *   - registers that hold no result are 0, and those that a call must keep are kept;
 *   - memory that no call was given is not changed.
 *
 * The rest is the kernel's to bear: that it lives, and that nothing leaks.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/error.h"
#include "lib/random.h"

/* The meaning of an argument. */
enum fuzz_kind {
    FUZZ_NONE,
    FUZZ_HANDLE,
    FUZZ_TAG,
    FUZZ_TAG_WAITS, /* of a call that may wait: the tag must say that it does not wait for ever */
    FUZZ_RIGHTS,
    FUZZ_VALUE,
    FUZZ_DEADLINE,
    FUZZ_ADDRESS
};

#define FUZZ_ARGUMENTS 6

/* A bit for an error: the codes are -1 to -31. */
#define FUZZ_ERROR(name) (1U << -(ERROR_##name))

struct fuzz_call {
    unsigned number;
    const char *name;
    bool gives_handle;
    bool sets_registers; /* more results than RAX */
    unsigned arguments;
    enum fuzz_kind kinds[FUZZ_ARGUMENTS];
    uint32_t errors; /* that it may give */
};

/* In the order of fuzz_call.asm. */
struct fuzz_registers {
    uint64_t rax, rdi, rsi, rdx, r10, r8, r9, rbx, rbp, r12, r13, r14, r15;
};

/* Makes the system call with these registers, and stores what they are afterwards. */
void fuzz_call(struct fuzz_registers *registers);

/* More than a task may have, so that the table is full at times. */
#define FUZZ_HANDLES 4000

/* The values that arguments get: fuzz_values.c. */
struct fuzz_pool {
    struct random random;
    uint64_t handles[FUZZ_HANDLES]; /* open, or closed meanwhile */
    unsigned count;
    uint64_t memory; /* the last handle to memory; calls of memory mostly get it */
};

/* Begins with the handles of the program itself. */
void fuzz_pool_init(struct fuzz_pool *pool, uint64_t seed);

/* Notes a handle that a call gave. When the pool is full, one of them is closed and replaced. */
void fuzz_pool_add(struct fuzz_pool *pool, uint64_t handle);

/* Closes all handles but those of the program itself; they stay in the pool, as closed ones. */
void fuzz_pool_close(struct fuzz_pool *pool);

/* Returns a value for an argument. */
uint64_t fuzz_value(struct fuzz_pool *pool, enum fuzz_kind kind);

/*
 * Makes the arguments of a call of memory more likely to pass, and keeps it away from the program's
 * own memory. Returns false if the call must not be made.
 */
bool fuzz_memory_adjust(struct fuzz_pool *pool, const char *name, uint64_t *values);

/* Returns false if memory that no call was given has changed. */
bool fuzz_memory_is_sound(void);
