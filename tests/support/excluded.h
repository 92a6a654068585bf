/* What a way to fill stacks rules out: for tests that cannot be run with it. */
#pragma once

#include "kernel/test/selftest.h"
#include "mm/stack/stack_mode.h"

/* Skips, and is true, where no gate makes threads wait for frames: a fault without is the end. */
static inline bool gate_is_excluded(void)
{
    if (stack_mode_get() == STACK_MODE_PREFAULT) {
        test_skip("stack=prefault has no gate, and promises nothing without memory");
        return true;
    }
    return false;
}
