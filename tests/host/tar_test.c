/*
 * The reader of tar archives, with sound archives, with each field at its extremes, with archives
 * cut at each byte, and with damage. Each archive is a copy of exactly its size, so the address
 * sanitizer sees a single byte too many.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/error.h"
#include "lib/tar.h"
#include "tests/host/host.h"

#define BLOCKS_MAX 32

static uint8_t archive[BLOCKS_MAX * TAR_BLOCK_BYTES];
static size_t used;

static void seal(uint8_t *header)
{
    unsigned sum = 0;

    __builtin_memset(header + 148, ' ', 8);
    for (unsigned i = 0; i < TAR_BLOCK_BYTES; i++) {
        sum += header[i];
    }
    snprintf((char *)header + 148, 8, "%06o", sum);
    header[155] = ' ';
}

/* Adds a file, and returns its header. */
static uint8_t *file_add(const char *name, char type, const char *data)
{
    uint8_t *header = archive + used;
    size_t bytes = __builtin_strlen(data);

    __builtin_memset(header, 0, TAR_BLOCK_BYTES);
    __builtin_memcpy(header, name, __builtin_strlen(name));
    snprintf((char *)header + 100, 8, "%07o", 0755);
    snprintf((char *)header + 108, 8, "%07o", 0);
    snprintf((char *)header + 116, 8, "%07o", 0);
    snprintf((char *)header + 124, 12, "%011o", (unsigned)bytes);
    snprintf((char *)header + 136, 12, "%011o", 1735689600);
    header[156] = (uint8_t)type;
    __builtin_memcpy(header + 257, "ustar\00000", 8);
    snprintf((char *)header + 329, 8, "%07o", 0);
    snprintf((char *)header + 337, 8, "%07o", 0);
    seal(header);
    __builtin_memcpy(header + TAR_BLOCK_BYTES, data, bytes);
    used += TAR_BLOCK_BYTES + align_up(bytes, TAR_BLOCK_BYTES);
    return header;
}

static void archive_end(void)
{
    __builtin_memset(archive + used, 0, 2 * TAR_BLOCK_BYTES);
    used += 2 * TAR_BLOCK_BYTES;
}

static const char long_data[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                "and seven";

/* Two files with a directory between; the second file needs two blocks. */
static void archive_make(void)
{
    used = 0;
    file_add("first", '0', "one");
    file_add("folder/", '5', "");
    file_add("folder/second", '\0', long_data);
    archive_end();
}

/* Reads a copy of the first `bytes` bytes to its end. Returns the error and the count of files. */
static int walk(size_t bytes, unsigned *files, const char **reason)
{
    uint8_t *copy = malloc(bytes == 0 ? 1 : bytes);
    struct tar_reader reader;
    struct tar_file file;
    int error;

    __builtin_memcpy(copy, archive, bytes);
    tar_open(&reader, copy, bytes);
    *files = 0;
    while ((error = tar_next(&reader, &file)) == OK) {
        host_check(file.data >= copy && file.bytes <= bytes &&
                   file.data <= copy + bytes - file.bytes);
        ++*files;
    }
    *reason = reader.reason;
    host_check((error == ERROR_CORRUPT) == (reader.reason != NULL));
    free(copy);
    return error;
}

/* The archive must be refused, and the reason must contain these words. */
static void refused(const char *words)
{
    const char *reason;
    unsigned files;

    host_equal(walk(used, &files, &reason), ERROR_CORRUPT);
    if (reason == NULL || __builtin_strstr(reason, words) == NULL) {
        host_fail(__FILE__, __LINE__, "the reason is \"%s\", without \"%s\"", reason, words);
    }
}

HOST_TEST(HTA0001, "the files of an archive come in order, without the directories")
{
    struct tar_reader reader;
    struct tar_file file;

    archive_make();
    tar_open(&reader, archive, used);
    host_equal(tar_next(&reader, &file), OK);
    host_equal_text(file.name, "first");
    host_equal(file.bytes, 3);
    host_check(__builtin_memcmp(file.data, "one", 3) == 0);
    host_equal(tar_next(&reader, &file), OK);
    host_equal_text(file.name, "folder/second");
    host_equal(file.bytes, sizeof(long_data) - 1);
    host_check(__builtin_memcmp(file.data, long_data, sizeof(long_data) - 1) == 0);
    host_equal(tar_next(&reader, &file), ERROR_NOT_FOUND);
    host_equal(tar_next(&reader, &file), ERROR_NOT_FOUND);
    host_check(reader.reason == NULL);
}

HOST_TEST(HTA0002, "a file is found by its whole name, a name of 100 bytes too")
{
    char name[TAR_NAME_BYTES];
    struct tar_file file;
    const char *reason;

    archive_make();
    host_equal(tar_find(archive, used, "folder/second", &file, &reason), OK);
    host_equal(file.bytes, sizeof(long_data) - 1);
    host_equal(tar_find(archive, used, "firs", &file, &reason), ERROR_NOT_FOUND);
    host_equal(tar_find(archive, used, "first2", &file, &reason), ERROR_NOT_FOUND);
    host_equal(tar_find(archive, used, "folder/", &file, &reason), ERROR_NOT_FOUND);
    host_check(reason == NULL);

    used = 0;
    __builtin_memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    file_add(name, '0', "long");
    archive_end();
    host_equal(tar_find(archive, used, name, &file, &reason), OK);
    host_equal(file.bytes, 4);
}

HOST_TEST(HTA0003, "an archive that is cut at any byte is refused with a reason")
{
    const char *reason;
    unsigned files;

    archive_make();
    for (size_t bytes = 0; bytes < used; bytes++) {
        if (walk(bytes, &files, &reason) != ERROR_CORRUPT) {
            host_fail(__FILE__, __LINE__, "cut at byte %zu it is not refused", bytes);
        } else if (__builtin_strstr(reason, "cut") == NULL) {
            host_fail(__FILE__, __LINE__, "cut at byte %zu the reason is \"%s\"", bytes, reason);
        }
    }
    host_equal(walk(used, &files, &reason), ERROR_NOT_FOUND);
    host_equal(files, 2);
}

HOST_TEST(HTA0004, "each wrong field of an archive's header is refused with its own reason")
{
    static const struct {
        unsigned at;
        const char *text;
        const char *words;
    } cases[] = {
        {0, "", "has no name"},
        {100, "00000x", "mode"},
        {108, "\200", "user"},
        {116, "8", "group"},
        {124, "00000000008", "size"},
        {124, "\200\001", "size is not an octal"},
        {124, "00000010000", "ends within a file"},
        {124, "777777777777", "ends within a file"},
        {136, "-1", "time"},
        {156, "1", "neither plain nor a directory"},
        {156, "2", "neither plain nor a directory"},
        {156, "x", "neither plain nor a directory"},
        {156, "5", "a directory has a size"},
        {157, "elsewhere", "is a link"},
        {257, "ustar ", "not of the format ustar"},
        {257, "USTAR", "not of the format ustar"},
        {263, "01", "not of the format ustar"},
        {329, "a", "major"},
        {337, "/", "minor"},
        {345, "a/prefix", "longer than 100"},
    };

    for (unsigned i = 0; i < array_length(cases); i++) {
        archive_make();
        size_t bytes = __builtin_strlen(cases[i].text);
        __builtin_memcpy(archive + cases[i].at, cases[i].text, bytes == 0 ? 1 : bytes);
        seal(archive);
        refused(cases[i].words);
    }
    archive_make();
    archive[4] = 'x'; /* the checksum stays */
    refused("checksum is wrong");
    archive_make();
    archive[148] = '9';
    refused("checksum is not an octal");
}

HOST_TEST(HTA0005, "no value of any byte of a header, sealed or not, leads out of the archive")
{
    static const uint8_t extremes[] = {0, 1, ' ', '/', '0', '7', '8', 0x7f, 0x80, 0xff};
    const char *reason;
    unsigned files;

    for (unsigned at = 0; at < TAR_BLOCK_BYTES; at++) {
        for (unsigned i = 0; i < 2 * array_length(extremes); i++) {
            archive_make();
            archive[at] = extremes[i / 2];
            if (i % 2 == 0 && (at < 148 || at >= 156)) {
                seal(archive);
            }
            (void)walk(used, &files, &reason);
        }
    }
}

HOST_TEST(HTA0006, "no damage to an archive leads out of it")
{
    const char *reason;
    unsigned files;

    for (unsigned round = 0; round < 20000; round++) {
        archive_make();
        for (uint64_t left = 1 + host_random_below(8); left > 0; left--) {
            archive[host_random_below(used)] = (uint8_t)host_random();
        }
        if (host_random_below(2) == 0) {
            seal(archive);
            seal(archive + 2 * TAR_BLOCK_BYTES);
        }
        (void)walk(host_random_below(4) == 0 ? host_random_below(used) : used, &files, &reason);
    }
}
