/* Two devices that every emulated PC has, as sources of interrupts for tests. */
#pragma once

#include "arch/x86_64/cpu/types.h"

/*
 * Makes the PIT's channel 0 raise its line once, after `count` periods of 1.193182 MHz: one edge.
 */
void event_pit_shot(uint16_t count);

/* Lets the PIT's line fall without an interrupt. */
void event_pit_silence(void);

/*
 * A timer of the HPET that holds its line, `gsi`, from the moment it fires until it is
 * acknowledged: a level. Until it is silenced, the PIT has no interrupt where the HPET can do that.
 * False: there is none. Thread context.
 */
must_check bool event_hpet_find(uint32_t *gsi);

/* It fires once, `ticks` of the HPET from now or later. Its line must be routed; leaves it
 * unmasked. */
void event_hpet_shot(uint32_t ticks);
void event_hpet_acknowledge(void); /* any context */
void event_hpet_silence(void);
