/* The sweep of RSP over a page edge, with each kind of event. See event_sweep.asm. */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Puts RSP at `rsp` for one event; returns when it came, cannot come any more, or at `tsc`. */
void event_sweep_interrupt(uintptr_t rsp, volatile uint32_t *count, volatile uint64_t *leaf,
                           uint64_t tsc);
void event_sweep_nmi_memory(uintptr_t rsp, volatile uint32_t *count, volatile uint64_t *leaf,
                            uint64_t tsc, volatile uint32_t *command_register, uint64_t command);
void event_sweep_nmi_msr(uintptr_t rsp, volatile uint32_t *count, volatile uint64_t *leaf,
                         uint64_t tsc, uint64_t msr, uint64_t command);
void event_sweep_write(uintptr_t rsp, volatile uint32_t *count, volatile uint64_t *leaf,
                       uint64_t tsc, volatile uint32_t *watched);
void event_sweep_step(uintptr_t rsp);

/* The places that the three single-step traps interrupt. */
#define EVENT_SWEEP_STEPS 3
extern const uintptr_t event_sweep_step_points[EVENT_SWEEP_STEPS];
