/*
 * Breakpoint 0 of the calling CPU. The caller must not migrate while the breakpoint is set. An
 * execute breakpoint raises #DB before the instruction, and again after the return unless the
 * handler clears it or sets RF. A write breakpoint raises #DB after the instruction that wrote.
 * Source: SDM volume 3B, chapter 17.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

#define DEBUG_STATUS_BREAKPOINT_0 (1UL << 0)
#define DEBUG_STATUS_SINGLE_STEP  (1UL << 14)

#define DEBUG_CONTROL_ALWAYS   (1UL << 10)
#define DEBUG_CONTROL_ENABLE_0 (1UL << 0)
#define DEBUG_CONTROL_WRITE_0  (1UL << 16)
#define DEBUG_CONTROL_ACCESS_0 (3UL << 16)
#define DEBUG_CONTROL_4_BYTE_0 (3UL << 18)

/* Writes DR7, which enables breakpoints and says their kind. Context: ANY. */
static always_inline void debug_control_write(uint64_t value)
{
    __asm__ volatile("mov %0, %%dr7" ::"r"(value) : "memory");
}

/* Sets a breakpoint on execution of the instruction at `address`. Context: ATOMIC. */
static always_inline void debug_execute_set(uintptr_t address)
{
    __asm__ volatile("mov %0, %%dr0" ::"r"(address));
    debug_control_write(DEBUG_CONTROL_ALWAYS | DEBUG_CONTROL_ENABLE_0);
}

/* Sets a breakpoint on writes to the 4 bytes at `address`, a multiple of 4. Context: ATOMIC. */
static always_inline void debug_write_set(uintptr_t address)
{
    __asm__ volatile("mov %0, %%dr0" ::"r"(address));
    debug_control_write(DEBUG_CONTROL_ALWAYS | DEBUG_CONTROL_ENABLE_0 | DEBUG_CONTROL_WRITE_0 |
                        DEBUG_CONTROL_4_BYTE_0);
}

/*
 * Sets a breakpoint on reads and writes of the 4 bytes at `address`, a multiple of 4. Context:
 * ATOMIC.
 */
static always_inline void debug_access_set(uintptr_t address)
{
    __asm__ volatile("mov %0, %%dr0" ::"r"(address));
    debug_control_write(DEBUG_CONTROL_ALWAYS | DEBUG_CONTROL_ENABLE_0 | DEBUG_CONTROL_ACCESS_0 |
                        DEBUG_CONTROL_4_BYTE_0);
}

/* Turns all breakpoints of the calling CPU off. Context: ANY. */
static always_inline void debug_clear(void)
{
    debug_control_write(DEBUG_CONTROL_ALWAYS);
}

/*
 * Reads DR6, the reasons of the last #DB. The CPU sets bits there and never clears one. Context:
 * ANY.
 */
static always_inline uint64_t debug_status_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%dr6, %0" : "=r"(value));
    return value;
}

/* Clears the reasons in DR6; the fixed bits keep their values. Context: ANY. */
static always_inline void debug_status_clear(void)
{
    __asm__ volatile("mov %0, %%dr6" ::"r"(0xffff0ff0UL));
}
