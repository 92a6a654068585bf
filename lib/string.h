/*
 * Memory and string functions. GCC may emit calls to the first four by itself. Context of all
 * functions: ANY; they touch only the memory that the caller passes.
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

/*
 * Compares as unsigned bytes. Returns a negative number, 0 or a positive number as `left` is less
 * than, equal to or greater than `right`.
 */
int memcmp(const void *left, const void *right, size_t bytes);

/* Returns the first byte equal to `value` within `bytes` bytes, or NULL. */
void *memchr(const void *area, int value, size_t bytes);

/* Returns the length in bytes without the terminator. */
size_t strlen(const char *string);

/*
 * Returns the length in bytes without the terminator, or `limit` if none of the first `limit` bytes
 * is the terminator. Reads no byte behind these.
 */
size_t strnlen(const char *string, size_t limit);

/* Compares two strings as unsigned bytes. Returns a negative number, 0 or a positive number. */
int strcmp(const char *left, const char *right);

/*
 * Compares at most `limit` bytes of two strings. Returns a negative number, 0 or a positive number.
 */
int strncmp(const char *left, const char *right, size_t limit);

/*
 * Returns the first place of `character` in the string, or NULL. The terminator is part of the
 * string.
 */
char *strchr(const char *string, int character);

/*
 * Returns the last place of `character` in the string, or NULL. The terminator is part of the
 * string.
 */
char *strrchr(const char *string, int character);

/* Returns the first place of `needle` in `string`, or NULL. An empty needle is at the beginning. */
char *strstr(const char *string, const char *needle);

/*
 * Copies `from` into `to`, an array of `size` bytes (at least 1), and always terminates it. Returns
 * OK, or ERROR_RANGE if the text was cut.
 */
int string_copy(char *to, size_t size, const char *from);

/*
 * Copies the first word of a text, which ends at a space or at the text's end, into `to`, an array
 * of `size` bytes (at least 1). Cuts it to fit, and always terminates it. Returns its bytes.
 */
size_t string_first_word(char *to, size_t size, const char *text);

/* Returns whether `string` begins with `prefix`. */
bool string_starts_with(const char *string, const char *prefix);

/* Returns whether the strings are equal. */
static inline bool string_equal(const char *left, const char *right)
{
    return strcmp(left, right) == 0;
}
