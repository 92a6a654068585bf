/*
 * Dynamic memory for all threads of the program, in memory that the kernel fills as it is touched.
 * A heap of MALLOC_BYTES is part of the program; more memory is mapped as it is needed, until the
 * task's quota or the addresses end, and is given back when nothing in it is in use. Freeing what was not allocated, or was freed already, ends the program with a message.
 */
#pragma once

#include "lib/compiler.h"

/* The size of the first heap, and the smallest size of another one, in bytes of addresses. */
#define MALLOC_BYTES (64UL << 20)

/* Returns `bytes` bytes, not zeroed and aligned to 16; NULL if there is no room. */
must_check void *malloc(size_t bytes);

/* Returns `count` objects of `bytes` bytes, zeroed; NULL if there is no room. */
must_check void *calloc(size_t count, size_t bytes);

/*
 * Returns memory of `bytes` bytes that begins with the content of `data`, which it frees; NULL if
 * there is no room, and then `data` stays. If `data` is NULL, it does what malloc() does.
 */
must_check void *realloc(void *data, size_t bytes);

/* Frees what malloc(), calloc() or realloc() returned. Does nothing for NULL. */
void free(void *data);

/* Returns how many bytes are in use, with the headers of blocks. */
size_t malloc_used(void);
