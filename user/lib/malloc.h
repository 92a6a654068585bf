/*
 * Memory of the program: one heap for all its threads, of anonymous memory that the kernel fills as
 * it is touched. Freeing what was not allocated, or was freed already, ends the program with a
 * message.
 */
#pragma once

#include "lib/compiler.h"

/* Addresses of the heap. */
#define MALLOC_BYTES (64UL << 20)

/* Returns `bytes` bytes, not zeroed and aligned to 16; NULL if there is no room. */
must_check void *malloc(size_t bytes);

/* Returns `count` objects of `bytes` bytes, zeroed; NULL if there is no room. */
must_check void *calloc(size_t count, size_t bytes);

/*
 * Returns memory of `bytes` bytes that begins with the content of `data`, which it frees; NULL if
 * there is no room, and then `data` stays. A null `data` is as malloc().
 */
must_check void *realloc(void *data, size_t bytes);

/* Frees what one of the others returned; nothing for NULL. */
void free(void *data);

/* Returns the bytes in use, with headers. */
size_t malloc_used(void);
