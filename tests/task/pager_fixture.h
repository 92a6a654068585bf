/*
 * A task with a region whose pager is the thread of the test, for tests of pagers. The region maps
 * the object from PAGER_OBJECT_OFFSET on; the whole object is mapped at PAGER_WINDOW without a
 * pager, so that the test can fill pages.
 */
#pragma once

#include "kernel/ipc/ipc.h"
#include "kernel/task/user_thread.h"

#define PAGER_PLACE         0x20000000UL
#define PAGER_PAGES         256
#define PAGER_OBJECT_OFFSET (2 * PAGE_BYTES)
#define PAGER_OBJECT_PAGES  (PAGER_PAGES + 2)
#define PAGER_WINDOW        0x30000000UL
#define PAGER_BADGE         78

struct pager_fixture {
    struct task *task;
    struct endpoint *endpoint;
    struct memory_object *object;
    struct handle_table handles; /* with the one handle that may receive */
    uint32_t receives;
    struct ipc_state pager; /* the test's thread as a receiver */
};

extern struct pager_fixture pager_fixture;

/*
 * Makes the task, with room for the stacks of so many threads, and its region, whose pager may take
 * `limit_ns`. A thread in user mode keeps the task alive. False: no memory, and the test has
 * failed. Context: THREAD.
 */
must_check bool pager_fixture_begin(unsigned threads, uint64_t limit_ns);

/* Ends it all. Context: THREAD. */
void pager_fixture_end(void);

/* Starts thread number `index` of the task. NULL: the test has failed. Context: THREAD. */
struct user_thread *pager_fixture_start(unsigned index, const char *code, uint64_t argument);

/* Receives the next question. Context: THREAD. */
const struct message *pager_fixture_receive(void);

/* Answers it with four words. Context: THREAD. */
void pager_fixture_answer(uint64_t verdict, uint64_t one, uint64_t two, uint64_t three);

/* Answers it with a page at this offset of the object, with these rights. Context: THREAD. */
void pager_fixture_supply(size_t offset, uint64_t rights);

/* Returns the word at an offset of the object, as the kernel sees it; it is made. Context: THREAD. */
volatile uint64_t *pager_fixture_word(size_t offset);

/* Waits for the end of a thread, releases it, and returns its status. Context: THREAD. */
int pager_fixture_status(struct user_thread *user);

/*
 * Starts a thread of the task that calls `function` in the kernel, as a system call would, `depth`
 * bytes above the end of the stack page that is so many pages below the top. Context: THREAD.
 */
struct user_thread *pager_fixture_start_kernel(void (*function)(void), unsigned page,
                                               unsigned depth, uint64_t affinity);
