/*
 * stack=prefault: the strategy of OSv's lazy stacks, to compare with. Wherever thread code turns
 * interrupts or preemption off, the page below the one in use is there in advance, so that no stack
 * fault comes while one of the two is off. The places are the text sites of
 * arch/x86_64/cpu/patch_site.h, each with one of the five rules.
 *
 * A page comes by the touch itself: one instruction reads a byte SITE_TOUCH_BYTES below the stack
 * pointer, and if nothing is there, the ordinary stack fault fills it from this CPU's magazine as
 * it stands. The alternative, a look at the page's entry before the touch, costs six instructions
 * each time where the touch costs one, and saves a fault that each page of a stack causes once
 * (docs/stack-modes.md). Near the end of a stack the touch reaches the guard: then the rest is
 * filled and the touch skipped, for nobody went there.
 *
 * There is no gate, and so no promise: when a magazine is empty, a fault is a critical one. What
 * is promised instead is what somebody thought of at each place. A stack fault with interrupts or
 * preemption off says that nobody did: it is served all the same, and reported with a backtrace as
 * a missing site.
 */
#pragma once

#include "arch/x86_64/entry/backtrace.h"

enum stack_prefault_way {
    STACK_PREFAULT_BY_RULE, /* a touch under rule 4, a check and a touch under rule 5 */
    STACK_PREFAULT_CHECK,   /* a check and a touch at every site */
};

/* How sites are served in this mode. Once, before the text is written. */
void stack_prefault_way_set(enum stack_prefault_way way);
enum stack_prefault_way stack_prefault_way(void);

/* Registers with the entry code, in place of what stack_fault_init() did. Once, at boot. */
void stack_prefault_init(void);

/*
 * Before a section that needs more than a site brings: touches so many bytes of the stack in use,
 * as far as it goes. Nothing in the other modes. Thread context, interrupts and preemption on.
 */
void stack_prefault_reach(size_t bytes);

struct stack_prefault_missing {
    uintptr_t address; /* what was touched */
    bool interrupts_off;
    bool preemption_off;
    struct backtrace trace;
};

#define STACK_PREFAULT_KEPT 4

/* How many stack faults came inside a section. Any context. */
uint32_t stack_prefault_missing_count(void);

/* The n-th of them, of which the first STACK_PREFAULT_KEPT are kept; NULL if it is not. */
const struct stack_prefault_missing *stack_prefault_missing_read(uint32_t number);

/* Forgets all: for a test that provoked them. */
void stack_prefault_missing_forget(void);

/* Logs those that were not logged yet. Thread context. */
void stack_prefault_missing_tell(void);
