/* Host stand-in: the test says what happens. */
#pragma once

#include "arch/x86_64/types.h"

void shootdown(uintptr_t address, size_t bytes);
