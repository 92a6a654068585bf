/* Two devices that every emulated PC has, as sources of interrupts for tests. */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* The PIT's channel 0 raises its line once, `count` periods of 1.193182 MHz from now: one edge. */
void event_pit_shot(uint16_t count);

/* And lets it fall, without an interrupt. */
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
