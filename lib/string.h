/*
 * Memory and string functions. Plain C without state; callable from any context, entry stacks
 * included (they touch only what they are given). GCC may emit calls to the first four itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Copies `bytes` bytes; the two areas must not overlap. Returns `to`. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);

/* Copies `bytes` bytes between areas that may overlap. Returns `to`. */
void *memmove(void *to, const void *from, size_t bytes);

/* Sets `bytes` bytes to the low byte of `value`. Returns `to`. */
void *memset(void *to, int value, size_t bytes);

/* Compares as unsigned bytes: negative, 0 or positive as `left` is below, equal to or above. */
int memcmp(const void *left, const void *right, size_t bytes);

/* The first byte equal to `value` within `bytes` bytes, or a null pointer. */
void *memchr(const void *area, int value, size_t bytes);

/* Length in bytes without the terminator. */
size_t strlen(const char *string);

/*
 * Like strlen, but looks at no more than `limit` bytes and returns `limit` if none ends the string.
 */
size_t strnlen(const char *string, size_t limit);

/* Compares as unsigned bytes: negative, 0 or positive. */
int strcmp(const char *left, const char *right);

/* Like strcmp, but looks at no more than `limit` bytes. */
int strncmp(const char *left, const char *right, size_t limit);

/*
 * First and last place of `character` (the terminator counts as part of the string), or a null
 * pointer.
 */
char *strchr(const char *string, int character);
char *strrchr(const char *string, int character);

/* First place of `needle` in `string`, or a null pointer. An empty needle is found at once. */
char *strstr(const char *string, const char *needle);

/*
 * Copies `from` into `to`, an array of `size` bytes (at least 1), and always terminates it.
 * Returns OK, or ERROR_RANGE when the text had to be cut; callers that show names may ignore it.
 */
int string_copy(char *to, size_t size, const char *from);

/* True if `string` begins with `prefix`. */
bool string_starts_with(const char *string, const char *prefix);

/* True if the strings are the same. */
static inline bool string_equal(const char *left, const char *right)
{
    return strcmp(left, right) == 0;
}
