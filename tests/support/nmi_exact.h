/*
 * An NMI exactly before an instruction. The CPU's own rule is used that NMIs are blocked from the
 * delivery of one to the next IRET, of whatever event (SDM volume 3A, 6.7.1): an NMI is taken and
 * its handler left without IRET, so NMIs are blocked; another one is sent to the own CPU, which
 * waits; and the next IRET lets it in, before the instruction to which that goes.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Counts the NMIs of this CPU from now on, until the end. Thread context, bound to the CPU. */
void nmi_exact_begin(void);
void nmi_exact_end(void);

/* No NMI was counted yet. */
void nmi_exact_reset(void);

/* How many came since the reset, and what the last one interrupted. */
uint32_t nmi_exact_count(void);
uintptr_t nmi_exact_rip(void);

/*
 * Takes an NMI and comes back from it without IRET: NMIs are blocked until the next one. With FRED,
 * until a frame that says so is returned through. True, or NMIs do not come. Any context but NMI.
 */
must_check bool nmi_exact_block(void);
