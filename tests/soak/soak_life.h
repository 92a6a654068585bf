/* The record of a thread of the soak: for soak_thread.c and soak_act.c. */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "tests/soak/soak.h"

#define SOAK_PRIORITY_MAX 24 /* below those that keep the soak going */

struct soak_life {
    struct spinlock lock;  /* guards the next three */
    struct thread *thread; /* NULL until published, and again once it is reaped */
    bool kill_asked;
    volatile uint32_t state;
    volatile bool ended;    /* the thread's last act */
    volatile bool overflow; /* it ends by an overflow */
    volatile uint8_t doing; /* which act, for soak_lives_tell() */
    uint64_t serial;
};

/* Returns one of all records; there may be no thread in it. Context: ANY. */
struct soak_life *soak_life_any(struct random *random);

/* Returns the affinity of one CPU or of several. Context: ANY. */
uint64_t soak_affinity_choose(struct random *random);
