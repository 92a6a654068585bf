/*
 * The kernel's own demonstration: threads go down their stacks, which grow page by page, and
 * the memory that this saves is counted. One function runs it and another one prints it, so that a
 * test can run it without printing.
 */
#pragma once

#include "kernel/demo/descent.h"
#include "kernel/demo/fault_trace.h"
#include "kernel/demo/stack_savings.h"

#define DEMONSTRATION_DIVERS 8
#define DEMONSTRATION_FAULTS 8 /* kept of one diver, at most */
#define DEMONSTRATION_CROWD  1000

/* One thread that goes down its stack, and its results. */
struct diver {
    const char *name;
    enum descent_way way;
    enum descent_hold hold;
    struct descent descent;
    uint32_t id, slot, cpu;
    uint32_t pages_before, pages_after; /* backed, of its stack */
    uint32_t faults;                    /* how many were recorded */
    struct fault_record fault[DEMONSTRATION_FAULTS];
    uint8_t picture[STACK_SLOT_PAGES]; /* enum stack_page_state of each page, lowest first */
};

struct demonstration {
    uint32_t divers; /* how many could be started */
    struct diver diver[DEMONSTRATION_DIVERS];
    uint32_t dropped;             /* faults for which a CPU's trace had no room */
    uint32_t rounds;              /* the ticks of a touch are the least of so many rounds */
    bool instructions;            /* a tick is one instruction of the guest */
    uint32_t crowd;               /* threads that existed at once and only waited */
    struct stack_savings savings; /* while these waited */
};

/* Runs the demonstration without printing it; takes a fraction of a second. Context: THREAD. */
const struct demonstration *demonstration_perform(void);

/* Returns the ticks that a recorded fault cost; 0 if its touch was not timed. Context: ANY. */
uint64_t demonstration_ticks(const struct diver *diver, const struct fault_record *fault);

/* Returns the four characters that stand for a page in this state. Context: ANY. */
const char *demonstration_page_look(enum stack_page_state state);

/* Runs the demonstration and prints it to the console. Context: THREAD. */
void demonstration_run(void);
