/*
 * The fuzzer of system calls: several threads make calls at random, in sequences, with handles that
 * are open, closed, of the wrong type or never were, with addresses at the edges of what is mapped or
 * where another thread maps and unmaps meanwhile, and with numbers at their extremes. It is driven by
 * the list of system calls, and checks each result:
 *
 *   - an error is one that the list names for the call;
 *   - registers that hold no result are 0, and those that a call must keep are kept;
 *   - RCX and R11 have nothing but the return address and the flags, or 0;
 *   - memory that no call was given is not changed;
 *   - a message to the fuzzer's own server is answered, with all words (fuzz_meet.c).
 *
 * The threads meet at random as well, at an endpoint that all of them have (fuzz_pool.c).
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
    uint64_t rax, rdi, rsi, rdx, r10, r8, r9, rbx, rbp, r12, r13, r14, r15, rcx, r11;
};

/* Makes the system call with these registers, but RCX and R11, and stores what all are afterwards. */
void fuzz_call(struct fuzz_registers *registers);

/* The address behind its SYSCALL. */
extern const char fuzz_call_behind[];

/* More than a task may have, so that the table is full at times. */
#define FUZZ_HANDLES 4000

#define FUZZ_THREADS 3 /* that make calls at random */

/* The first handles of a pool. No call closes them. */
enum fuzz_own_handle {
    FUZZ_OWN_TASK,
    FUZZ_OWN_THREAD,
    FUZZ_OWN_INFORMATION,
    FUZZ_OWN_LOG,
    FUZZ_OWN_PORT,
    FUZZ_OWN_ENDPOINT, /* the same one in all pools */
    FUZZ_OWN_COUNT
};

/* The values that arguments get, of one thread: fuzz_pool.c and fuzz_values.c. */
struct fuzz_pool {
    struct random random;
    unsigned number;                /* of the thread */
    uint64_t handles[FUZZ_HANDLES]; /* open, or closed meanwhile */
    unsigned count;
    uint64_t memory; /* the last handle to memory; calls of memory mostly get it */
};

/* Creates what all pools have. Before the first pool. */
void fuzz_pools_begin(void);

/* Begins the pool of a thread with the handles of the program itself. */
void fuzz_pool_init(struct fuzz_pool *pool, uint64_t seed, unsigned number);

/* Keeps a handle that the fuzzer needs out of all calls. Before the threads make calls. */
void fuzz_keep(uint64_t handle);

/* Notes a handle that a call gave. When the pool is full, one of them is closed and replaced. */
void fuzz_pool_add(struct fuzz_pool *pool, uint64_t handle);

/* Closes all handles but those of the program itself; they stay in the pool, as closed ones. */
void fuzz_pool_close(struct fuzz_pool *pool);

/*
 * Ends what other threads may wait for when this one makes no more calls: answers the call that it
 * received last, and closes its handles, of which some may be rights to answer. Otherwise a thread
 * that calls would wait for one that waits until all threads have ended.
 */
void fuzz_pool_end(struct fuzz_pool *pool);

/* Says whether calls must not get the handle, or must not close it. */
bool fuzz_handle_is_kept(uint64_t handle);
bool fuzz_pool_has_own(const struct fuzz_pool *pool, uint64_t handle);

/* Returns a value for an argument. */
uint64_t fuzz_value(struct fuzz_pool *pool, enum fuzz_kind kind);

/*
 * Makes the arguments of a call more likely to pass, and keeps calls of memory away from the
 * program's own. Returns false if the call must not be made.
 */
bool fuzz_adjust(struct fuzz_pool *pool, const char *name, uint64_t *values);

/*
 * Before a call: if its tag asks for a limit of time, makes that a short one. The thread's message
 * buffer is then one that no other call is given.
 */
void fuzz_deadline_set(struct fuzz_pool *pool, uint64_t tag);

/* Fills the memory that no call is given. Before the threads start. */
void fuzz_memory_init(void);

/* Returns false if memory that no call was given has changed. */
bool fuzz_memory_is_sound(void);

/*
 * The server: a thread that answers calls, mostly at once, sometimes by a reply handle, sometimes
 * not at all. Returns an error if it cannot be started. fuzz_meet_end() waits for its end and
 * returns how many of its calls failed.
 */
must_check int fuzz_meet_begin(void);
unsigned fuzz_meet_end(void);

/*
 * Calls the server without a limit of time, so that both may take the fast path. Returns false if
 * it was answered with words that are wrong, or by an error that cannot be.
 */
must_check bool fuzz_meet(struct random *random);

/*
 * Makes a call with these arguments, checks its result and counts it, and returns it. For
 * fuzz_sequences.c.
 */
int64_t fuzz_make(unsigned number, const uint64_t values[FUZZ_ARGUMENTS]);

/* Opens the handles that the sequences of a thread need. Before the threads make calls. */
void fuzz_sequences_init(unsigned number);

/* Makes one sequence of calls that meets rare errors (fuzz_sequences.c). */
void fuzz_sequence(struct fuzz_pool *pool);

/*
 * Makes the sequences of messages that meet rare errors (fuzz_last.c). When no other thread makes
 * calls and most handles are closed.
 */
void fuzz_meetings_last(void);

/* Makes the sequence after which the program can allocate nothing any more. */
void fuzz_sequence_last(void);
