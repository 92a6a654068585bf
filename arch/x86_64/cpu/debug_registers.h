/*
 * Breakpoint 0 of the calling CPU, by the debug registers. The caller must not migrate while it is
 * set. #DB is raised before the instruction at an execute breakpoint (and would be again after the
 * return, so its handler turns it off or sets RF), but after an instruction that wrote to a watched
 * address. Source: SDM volume 3B, chapter 17.
 */
#pragma once

#include "arch/x86_64/cpu/types.h"

#define DEBUG_STATUS_BREAKPOINT_0 (1UL << 0)
#define DEBUG_STATUS_SINGLE_STEP  (1UL << 14)

#define DEBUG_CONTROL_ALWAYS   (1UL << 10)
#define DEBUG_CONTROL_ENABLE_0 (1UL << 0)
#define DEBUG_CONTROL_WRITE_0  (1UL << 16)
#define DEBUG_CONTROL_4_BYTE_0 (3UL << 18)

static always_inline void debug_control_write(uint64_t value)
{
    __asm__ volatile("mov %0, %%dr7" ::"r"(value) : "memory");
}

/* #DB before the instruction at `address`, each time. */
static always_inline void debug_execute_set(uintptr_t address)
{
    __asm__ volatile("mov %0, %%dr0" ::"r"(address));
    debug_control_write(DEBUG_CONTROL_ALWAYS | DEBUG_CONTROL_ENABLE_0);
}

/* #DB after each write to the four bytes at `address`, which must be 4-aligned. */
static always_inline void debug_write_set(uintptr_t address)
{
    __asm__ volatile("mov %0, %%dr0" ::"r"(address));
    debug_control_write(DEBUG_CONTROL_ALWAYS | DEBUG_CONTROL_ENABLE_0 | DEBUG_CONTROL_WRITE_0 |
                        DEBUG_CONTROL_4_BYTE_0);
}

static always_inline void debug_clear(void)
{
    debug_control_write(DEBUG_CONTROL_ALWAYS);
}

/* DR6: why the last #DB came. The CPU sets bits and never clears them. */
static always_inline uint64_t debug_status_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%dr6, %0" : "=r"(value));
    return value;
}

static always_inline void debug_status_clear(void)
{
    __asm__ volatile("mov %0, %%dr6" ::"r"(0xffff0ff0UL));
}
