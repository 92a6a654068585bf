/*
 * Counting semaphores: semaphore_down() takes a token, and waits until there is one; semaphore_up()
 * adds a token. While threads wait, a new token goes to the thread that has waited longest, so no
 * thread overtakes it.
 */
#pragma once

#include "sched/core/wait_queue.h"

struct semaphore {
    struct spinlock lock; /* guards the rest */
    uint32_t tokens;      /* 0 while a thread waits */
    struct wait_queue queue;
};

/* Initialiser for static storage: static struct semaphore s = SEMAPHORE(s, 3); */
#define SEMAPHORE(variable, tokens_at_first)                                                       \
    {                                                                                              \
        .lock = SPINLOCK("semaphore"), .tokens = (tokens_at_first), .queue = {                     \
            LIST_INITIALIZER((variable).queue.waiters)                                             \
        }                                                                                          \
    }

/* Prepares a semaphore with this many tokens. Context: THREAD, before its first use. */
void semaphore_init(struct semaphore *semaphore, uint32_t tokens);

/* Takes a token; waits without limit, and a kill does not end the wait. Context: THREAD. */
void semaphore_down(struct semaphore *semaphore);

/*
 * Takes a token; waits at most timeout_ns nanoseconds (WAIT_FOREVER: no limit). Context: THREAD.
 * Errors: ERROR_TIMEOUT, ERROR_KILLED; then no token was taken.
 */
must_check int semaphore_down_timed(struct semaphore *semaphore, uint64_t timeout_ns);

/* Takes a token if there is one, without waiting; returns whether it did. Context: IRQ. */
must_check bool semaphore_try_down(struct semaphore *semaphore);

/* Adds a token, or gives it to the thread that has waited longest. Context: IRQ. */
void semaphore_up(struct semaphore *semaphore);

/* Returns the number of free tokens, which may be out of date when it is used. Context: ANY. */
uint32_t semaphore_tokens(const struct semaphore *semaphore);
