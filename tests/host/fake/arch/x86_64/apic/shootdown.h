/* Host stand-in: calls the test's observer. */
#pragma once

#include "arch/x86_64/cpu/types.h"

extern void (*fake_shootdown)(uintptr_t address, size_t bytes);

static inline void shootdown(uintptr_t address, size_t bytes)
{
    if (fake_shootdown != NULL) {
        fake_shootdown(address, bytes);
    }
}
