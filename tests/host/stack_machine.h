/* A faked machine with magazines and stacks, for the host unit tests of the stack engine. */
#pragma once

#include "lib/compiler.h"

#define MEBIBYTE 0x100000ul

/* Creates frames, page tables, and a full magazine for each CPU. Stacks are filled by faults. */
void stack_machine_create(size_t bytes, unsigned cpus);

/* Fails the test unless the stack has one hole, below the backed part (I4), above its guard. */
void stack_check_shape(uint32_t slot);

/* Touches an address as the CPU would, with a fault at a hole. False if it is in no stack. */
bool stack_touch(uintptr_t address);
