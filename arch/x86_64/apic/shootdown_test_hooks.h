/* The turn of shootdowns of the kernel half, for a test that holds it. */
#pragma once

#include "arch/x86_64/cpu/shootdown_turn.h"

/* Returns the turn. Context: ANY. */
struct shootdown_turn *shootdown_kernel_turn(void);
