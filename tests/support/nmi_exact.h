/*
 * Makes an NMI arrive exactly before an instruction. NMIs are blocked from the delivery of one to
 * the next IRET of any event (SDM volume 3A, 6.7.1). So an NMI is taken and its handler left
 * without IRET; another one is sent to the own CPU and stays pending; the next IRET lets it in
 * before the instruction to which that IRET goes.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

/* Counts the NMIs of this CPU from begin to end. Context: THREAD, bound to the CPU. */
void nmi_exact_begin(void);
void nmi_exact_end(void);

/* Sets the count to 0. */
void nmi_exact_reset(void);

/* The number of NMIs since the reset, and the place that the last one interrupted. */
uint32_t nmi_exact_count(void);
uintptr_t nmi_exact_rip(void);

/*
 * Takes an NMI and comes back from it without IRET, so that NMIs are blocked until the next IRET;
 * with FRED, until the return through a frame that says so. Returns false if no NMI comes.
 * Context: ANY but NMI.
 */
must_check bool nmi_exact_block(void);
