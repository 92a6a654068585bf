/*
 * Counting semaphores: down waits for a token, up brings one. A token that somebody waits for goes
 * to the longest waiter, so nobody can overtake.
 */
#pragma once

#include "sched/core/wait_queue.h"

struct semaphore {
    struct spinlock lock; /* guards the rest */
    uint32_t tokens;      /* while anybody waits: 0 */
    struct wait_queue queue;
};

/* Initialiser for static storage: static struct semaphore s = SEMAPHORE(s, 3); */
#define SEMAPHORE(variable, tokens_at_first)                                                       \
    {                                                                                              \
        .lock = SPINLOCK("semaphore"), .tokens = (tokens_at_first), .queue = {                     \
            LIST_INITIALIZER((variable).queue.waiters)                                             \
        }                                                                                          \
    }

void semaphore_init(struct semaphore *semaphore, uint32_t tokens);

/* Takes a token, however long that takes; a kill does not end the wait. Threads, no lock held. */
void semaphore_down(struct semaphore *semaphore);

/*
 * Takes a token within that time, WAIT_FOREVER included. ERROR_TIMEOUT, ERROR_KILLED: it has none.
 * Threads, no lock held.
 */
must_check int semaphore_down_timed(struct semaphore *semaphore, uint64_t timeout_ns);

/* Takes a token if there is one, and never waits. Any context but NMI, #MC, #DF. */
must_check bool semaphore_try_down(struct semaphore *semaphore);

/* Brings a token. Any context but NMI, #MC, #DF. */
void semaphore_up(struct semaphore *semaphore);

/* Tokens that nobody took yet; may be old when it is looked at. */
uint32_t semaphore_tokens(const struct semaphore *semaphore);
