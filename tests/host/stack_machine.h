/* A faked machine with magazines and stacks, for the host unit tests of the stack engine. */
#pragma once

#include "lib/compiler.h"

#define MEBIBYTE 0x100000ul

/* Frames, page tables, and a full magazine for each CPU; stacks are filled by faults. */
void stack_machine_create(size_t bytes, unsigned cpus);

/* Fails the test unless the stack has one hole, below the backed part (I4), above its guard. */
void stack_check_shape(uint32_t slot);

/* A touch, as the CPU would make it: a fault if nothing is there. False if it was not a stack's. */
bool stack_touch(uintptr_t address);
