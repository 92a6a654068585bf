/*
 * The state of the FPU: registers of x87, MMX, SSE and, where the CPU has it, AVX. The kernel uses
 * none of them. A thread that asked for the FPU has an area of memory for its registers. The
 * registers are loaded from the area before the thread runs. When the thread leaves the CPU they
 * are saved there, and the CPU's registers are cleared, so that no other thread can read them.
 * While a thread without the FPU runs, CR0.TS is set, and an instruction of the FPU raises #NM.
 *
 * XSAVE saves what XCR0 enables: x87, SSE and AVX, as far as CPUID knows them. FXSAVE, on a CPU
 * without XSAVE, saves x87 and SSE. All CPUs are taken to be alike.
 *
 * Source: SDM volume 1, chapter 13 (XSAVE), 10.5 (FXSAVE); volume 3A, 2.5 (CR0), 14.
 */
#pragma once

#include "lib/compiler.h"

/* Alignment that XSAVE demands of an area. */
#define FPU_AREA_ALIGNMENT 64

/* The value of MXCSR and the x87 control word after a reset of the FPU: all exceptions masked. */
#define FPU_MXCSR_CLEAN        0x1f80
#define FPU_CONTROL_WORD_CLEAN 0x37f

struct fpu_area;

/*
 * Turns on what the CPU has of the FPU for user mode, clears its registers, and keeps user mode
 * from them. Context: boot of each CPU, interrupts off.
 */
void fpu_cpu_init(void);

/* Returns the bytes of an area. Context: ANY, after fpu_cpu_init() on CPU 0. */
size_t fpu_area_bytes(void);

/* Fills an area, aligned to FPU_AREA_ALIGNMENT, with clean registers. Context: ANY. */
void fpu_area_init(struct fpu_area *area);

/*
 * Notes the area of the thread that this CPU is about to switch to and that has the FPU. The switch
 * must then call fpu_switch(). Context: ATOMIC, interrupts off, in the switch.
 */
void fpu_want(struct fpu_area *area);

/*
 * Saves and clears the registers of the thread that this CPU leaves, if that thread has the FPU.
 * Loads the registers of the thread that fpu_want() noted, if there is one; then it returns true,
 * and the next switch must call fpu_switch() again. Context: ATOMIC, interrupts off, in the switch.
 */
must_check bool fpu_switch(void);

/*
 * Clears the registers of the calling thread, whose area is about to be freed, if they are loaded.
 * Context: ATOMIC, interrupts off.
 */
void fpu_drop(const struct fpu_area *area);

/* Returns the components that XCR0 enables, by bit; 0 on a CPU without XSAVE. Context: ANY. */
uint64_t fpu_components(void);
