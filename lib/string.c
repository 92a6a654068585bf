/*
 * Memory and string functions, eight bytes at a time where the length is known in advance.
 *
 * Strings are read byte by byte: reading a word could run past the terminator into a page that is
 * not there. The build passes -fno-tree-loop-distribute-patterns, without which GCC would turn
 * these loops into calls of the very functions they implement.
 */
#include "lib/string.h"

#include <stdint.h>

#include "lib/error.h"

/* A word at any address, of any type: x86 reads unaligned words, and the attributes tell GCC so. */
typedef uint64_t __attribute__((may_alias, aligned(1))) any_word;

#define WORD_BYTES sizeof(any_word)

/*
 * Copies upward. Right for overlapping areas too if `to` lies below `from`, because each word is
 * read before any store can reach it.
 */
static void copy_up(unsigned char *to, const unsigned char *from, size_t bytes)
{
    for (; bytes >= 4 * WORD_BYTES; bytes -= 4 * WORD_BYTES) {
        any_word first = ((const any_word *)from)[0];
        any_word second = ((const any_word *)from)[1];
        any_word third = ((const any_word *)from)[2];
        any_word fourth = ((const any_word *)from)[3];

        ((any_word *)to)[0] = first;
        ((any_word *)to)[1] = second;
        ((any_word *)to)[2] = third;
        ((any_word *)to)[3] = fourth;
        to += 4 * WORD_BYTES;
        from += 4 * WORD_BYTES;
    }
    for (; bytes >= WORD_BYTES; bytes -= WORD_BYTES) {
        *(any_word *)to = *(const any_word *)from;
        to += WORD_BYTES;
        from += WORD_BYTES;
    }
    for (; bytes > 0; bytes--) {
        *to++ = *from++;
    }
}

/* Copies downward: for overlapping areas with `to` above `from`. */
static void copy_down(unsigned char *to, const unsigned char *from, size_t bytes)
{
    for (; bytes >= WORD_BYTES; bytes -= WORD_BYTES) {
        *(any_word *)(to + bytes - WORD_BYTES) = *(const any_word *)(from + bytes - WORD_BYTES);
    }
    for (; bytes > 0; bytes--) {
        to[bytes - 1] = from[bytes - 1];
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    copy_up(to, from, bytes);
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    /* One unsigned comparison: the distance is below `bytes` only if `to` lies inside `from`. */
    if ((uintptr_t)to - (uintptr_t)from < bytes) {
        copy_down(to, from, bytes);
    } else {
        copy_up(to, from, bytes);
    }
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    unsigned char *next = to;
    uint64_t pattern = 0x0101010101010101u * (unsigned char)value;

    for (; bytes >= 4 * WORD_BYTES; bytes -= 4 * WORD_BYTES) {
        ((any_word *)next)[0] = pattern;
        ((any_word *)next)[1] = pattern;
        ((any_word *)next)[2] = pattern;
        ((any_word *)next)[3] = pattern;
        next += 4 * WORD_BYTES;
    }
    for (; bytes >= WORD_BYTES; bytes -= WORD_BYTES) {
        *(any_word *)next = pattern;
        next += WORD_BYTES;
    }
    for (; bytes > 0; bytes--) {
        *next++ = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t bytes)
{
    const unsigned char *a = left;
    const unsigned char *b = right;

    for (; bytes >= WORD_BYTES; bytes -= WORD_BYTES) {
        if (*(const any_word *)a != *(const any_word *)b) {
            break; /* the byte loop below finds which of the eight differs */
        }
        a += WORD_BYTES;
        b += WORD_BYTES;
    }
    for (; bytes > 0; bytes--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

void *memchr(const void *area, int value, size_t bytes)
{
    for (const unsigned char *next = area; bytes > 0; bytes--, next++) {
        if (*next == (unsigned char)value) {
            return (void *)next;
        }
    }
    return NULL;
}

size_t strlen(const char *string)
{
    const char *end = string;

    while (*end != '\0') {
        end++;
    }
    return (size_t)(end - string);
}

size_t strnlen(const char *string, size_t limit)
{
    size_t length = 0;

    while (length < limit && string[length] != '\0') {
        length++;
    }
    return length;
}

int strcmp(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return (unsigned char)*left - (unsigned char)*right;
}

int strncmp(const char *left, const char *right, size_t limit)
{
    for (; limit > 0; limit--, left++, right++) {
        if (*left != *right || *left == '\0') {
            return (unsigned char)*left - (unsigned char)*right;
        }
    }
    return 0;
}

char *strchr(const char *string, int character)
{
    for (;; string++) {
        if (*string == (char)character) {
            return (char *)string;
        }
        if (*string == '\0') {
            return NULL;
        }
    }
}

char *strrchr(const char *string, int character)
{
    const char *last = NULL;

    for (;; string++) {
        if (*string == (char)character) {
            last = string;
        }
        if (*string == '\0') {
            return (char *)last;
        }
    }
}

char *strstr(const char *string, const char *needle)
{
    size_t length = strlen(needle);

    for (;; string++) {
        if (strncmp(string, needle, length) == 0) {
            return (char *)string;
        }
        if (*string == '\0') {
            return NULL;
        }
    }
}

int string_copy(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size);

    if (size == 0) {
        return ERROR_RANGE;
    }
    if (length < size) {
        memcpy(to, from, length + 1);
        return OK;
    }
    memcpy(to, from, size - 1);
    to[size - 1] = '\0';
    return ERROR_RANGE;
}

size_t string_first_word(char *to, size_t size, const char *text)
{
    size_t bytes = 0;

    while (text[bytes] != '\0' && text[bytes] != ' ' && bytes < size - 1) {
        to[bytes] = text[bytes];
        bytes++;
    }
    to[bytes] = '\0';
    return bytes;
}

bool string_starts_with(const char *string, const char *prefix)
{
    return strncmp(string, prefix, strlen(prefix)) == 0;
}
