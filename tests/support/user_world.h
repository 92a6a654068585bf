/*
 * The smallest thing that can run in user mode, for tests of the entry paths: page tables with one
 * page of code (tests/user/user_code.asm), one of data and one of stack, and a thread. It needs
 * neither tasks nor address spaces.
 */
#pragma once

#include "kernel/task/user_thread.h"

#define USER_WORLD_CODE  0x400000UL
#define USER_WORLD_DATA  0x401000UL
#define USER_WORLD_STACK 0x402000UL
#define USER_WORLD_TOP   0x403000UL

#define USER_WORLD_FRAMES 7

struct user_world {
    struct user_tables tables;
    physical_t frames[USER_WORLD_FRAMES]; /* code, data, stack, four tables */
    unsigned count;
    struct handle_table *handles; /* of its threads; NULL after user_world_create() */
};

/* One thread in a world. */
struct user_world_thread {
    struct user_thread user;    /* first: user_world_entry() finds the rest */
    struct ipc_handoff handoff; /* with ipc=handoff */
    struct user_world *world;
    uintptr_t rip, rsp;
    uint64_t argument;
    struct trap_frame exception; /* the exception by which it ended */
    bool ended;
};

/* Makes the page tables. Returns false, and fails the test, without memory. Context: THREAD. */
must_check bool user_world_create(struct user_world *world);

/* Frees them, after every CPU has left them. Context: THREAD. */
void user_world_destroy(struct user_world *world);

/* The world's page of data, as the kernel sees it. Context: ANY. */
volatile uint64_t *user_world_data(const struct user_world *world);

/* The world's page of stack, which lies behind that of data. Context: ANY. */
volatile uint64_t *user_world_stack(const struct user_world *world);

/*
 * Starts a thread that enters user mode at `code`, a label of user_code.asm. Its first exception
 * ends it with exit code 0 and is stored. Returns NULL, and fails the test, without memory.
 * Context: THREAD.
 */
struct thread *user_world_start(struct user_world_thread *thread, struct user_world *world,
                                const char *code, uint64_t argument, uint64_t affinity);

/* Starts such a thread and joins it. Returns whether it ended by an exception. Context: THREAD. */
bool user_world_run(struct user_world_thread *thread, struct user_world *world, const char *code,
                    uint64_t argument);

/* Where a label of user_code.asm lies in user mode. Context: ANY. */
uintptr_t user_world_address(const char *code);

/* Between these two, exceptions of user mode end their thread as said above. Context: THREAD. */
void user_world_begin(void);
void user_world_end(void);

/* The bounds of the code that is copied into the world, and its entry points. */
extern const char user_code_begin[], user_code_end[];
