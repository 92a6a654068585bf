/* The turn of shootdowns, for a test that holds it. */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Takes the turn, as for a round, and holds it with preemption off. Context: THREAD. */
void shootdown_turn_hold(void);

/* Ends shootdown_turn_hold(). Context: ATOMIC. */
void shootdown_turn_release(void);

/* Returns how many requests wait for the next round. Context: ANY. */
uint32_t shootdown_requests_waiting(void);
