/*
 * System calls from user mode, for tests: a thread in a user world makes a list of calls and ends.
 * World and handle table are one for all scripts of a test, as those of a task.
 */
#pragma once

#include "kernel/object/handle_table.h"
#include "kernel/syscall_list.h"
#include "tests/support/user_world.h"

#define SCRIPT_CALLS_MAX 12
#define SCRIPTS_MAX      3

/* User addresses: the message buffers of the scripts lie behind their lists, one on two pages. */
#define SCRIPT_BUFFER (USER_WORLD_DATA + 0xa80)

/* One call, as user_code.asm:user_code_script reads and writes it. */
struct script_call {
    uint64_t rax, rdi, rsi, rdx, r10, r8, r9, r12, r13;
};

struct script {
    struct user_world_thread thread;
    struct user_world *world; /* script_world, or one of its own */
    struct thread *running;
    unsigned index, count;
    uint64_t affinity; /* CPUs that it may run on, by bit; 0: all */
    struct script_call calls[SCRIPT_CALLS_MAX];
};

/* Makes the world and the table, for at most `limit` handles. False: no memory. Context: THREAD. */
must_check bool script_begin(uint32_t limit);

/* Ends them, and checks that no handle but those of the table is left. Context: THREAD. */
void script_end(void);

/* The handle table of the scripts' threads. */
extern struct handle_table script_handles;
extern struct user_world script_world;

/* Makes the script number `index`, below SCRIPTS_MAX, empty. Context: THREAD. */
void script_clear(struct script *script, unsigned index);

/* Adds a call with up to six arguments, in the order of the C function. Context: THREAD. */
void script_add(struct script *script, uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                uint64_t d, uint64_t e, uint64_t f);

/* Adds a message call whose six words are value, value + 1, ... Context: THREAD. */
void script_add_message(struct script *script, uint64_t number, uint64_t handle, uint64_t tag,
                        uint64_t value);

/* Starts the script's thread. Context: THREAD. */
void script_start(struct script *script);

/* Waits for its end, and reads the registers after each call into `calls`. Context: THREAD. */
void script_join(struct script *script);

/*
 * Sets the count of closed handles to what it is 2^32 closes after it was `before`. Context: THREAD.
 */
void script_closes_pass(uint64_t before);

/* Makes one call and returns its result. Context: THREAD. */
int64_t script_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c);

/* Checks that the words of a message are value, value + 1, ... Context: THREAD. */
void script_expect_words(const struct script_call *call, uint64_t value);
