/* Whole pages of memory in the program's own address space. */
#pragma once

#include "lib/compiler.h"

#define PAGE_BYTES 4096UL

/*
 * Maps `bytes` bytes of new memory, whole pages, at an address that the kernel chooses. It is zero,
 * and each page gets its frame when it is first touched. Errors: those of the system calls
 * memory_create() and memory_map().
 */
must_check int pages_allocate(size_t bytes, void **pages);

/*
 * Maps a part of the memory that a handle names, with rights that the handle has (RIGHT_READ and
 * others of lib/abi.h). The mapping stays when the handle is closed. Errors: those of the system
 * call memory_map().
 */
must_check int pages_map(uint32_t memory, size_t offset, size_t bytes, uint64_t rights,
                         void **pages);

/*
 * Unmaps pages that pages_allocate() or pages_map() mapped: all of them or a part. Ends the program
 * if they are not mapped.
 */
void pages_free(void *pages, size_t bytes);
