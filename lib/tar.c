/*
 * A tar archive is a row of blocks of 512 bytes. Each file has a header block, then its data,
 * padded to whole blocks. Two blocks of zeros end the archive. Numbers are octal digits.
 *
 *   offset 0 name (100)   100 mode (8)   108 user (8)   116 group (8)   124 size (12)
 *   136 time (12)   148 checksum (8)   156 type   157 name of a link (100)   257 "ustar"
 *   263 "00"   265 user's name (32)   297 group's name (32)   329 device, major (8)
 *   337 minor (8)   345 prefix of the name (155)
 */
#include "lib/tar.h"

#include "lib/error.h"
#include "lib/string.h"

#define NAME_AT     0
#define SIZE_AT     124
#define CHECKSUM_AT 148
#define TYPE_AT     156
#define LINK_AT     157
#define MAGIC_AT    257
#define VERSION_AT  263
#define PREFIX_AT   345

struct field {
    unsigned at;
    unsigned bytes;
    const char *malformed;
};

/* All numbers. Size and checksum decide something; the others must at least be numbers. */
static const struct field numbers[] = {
    {100, 8, "the mode is not an octal number"},
    {108, 8, "the user is not an octal number"},
    {116, 8, "the group is not an octal number"},
    {SIZE_AT, 12, "the size is not an octal number"},
    {136, 12, "the time is not an octal number"},
    {CHECKSUM_AT, 8, "the checksum is not an octal number"},
    {329, 8, "the device's major number is not an octal number"},
    {337, 8, "the device's minor number is not an octal number"},
};

void tar_open(struct tar_reader *reader, const void *archive, size_t bytes)
{
    *reader = (struct tar_reader){.archive = archive, .bytes = bytes};
}

static int refuse(struct tar_reader *reader, const char *reason)
{
    reader->reason = reason;
    return ERROR_CORRUPT;
}

/*
 * Reads digits up to a space or a zero byte, or to the end of the field. The value of twelve octal
 * digits fits 36 bits. A field without digits is 0: some writers leave unused fields empty.
 */
static bool octal_read(const uint8_t *header, const struct field *field, uint64_t *value)
{
    unsigned i = 0;

    *value = 0;
    while (i < field->bytes && header[field->at + i] == ' ') {
        i++;
    }
    for (; i < field->bytes; i++) {
        uint8_t digit = header[field->at + i];

        if (digit == '\0' || digit == ' ') {
            return true;
        }
        if (digit < '0' || digit > '7') {
            return false;
        }
        *value = *value * 8 + (digit - '0');
    }
    return true;
}

/* The sum of all bytes, those of the checksum itself counted as spaces. */
static uint64_t header_sum(const uint8_t *header)
{
    uint64_t sum = 8 * ' ';

    for (unsigned i = 0; i < TAR_BLOCK_BYTES; i++) {
        sum += i < CHECKSUM_AT || i >= CHECKSUM_AT + 8 ? header[i] : 0;
    }
    return sum;
}

static bool block_is_zero(const uint8_t *block)
{
    for (unsigned i = 0; i < TAR_BLOCK_BYTES; i++) {
        if (block[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Returns what is wrong with a header, or NULL; stores the size of the file. */
static const char *header_check(const uint8_t *header, uint64_t *size)
{
    uint64_t checksum = 0;

    if (memcmp(header + MAGIC_AT, "ustar", 6) != 0 || memcmp(header + VERSION_AT, "00", 2) != 0) {
        return "a header is not of the format ustar";
    }
    for (unsigned i = 0; i < array_length(numbers); i++) {
        uint64_t value;

        if (!octal_read(header, &numbers[i], &value)) {
            return numbers[i].malformed;
        }
        if (numbers[i].at == SIZE_AT) {
            *size = value;
        } else if (numbers[i].at == CHECKSUM_AT) {
            checksum = value;
        }
    }
    if (checksum != header_sum(header)) {
        return "a header's checksum is wrong";
    }
    if (header[NAME_AT] == '\0') {
        return "a file has no name";
    }
    if (header[PREFIX_AT] != '\0') {
        return "a file's name is longer than 100 bytes";
    }
    if (header[LINK_AT] != '\0') {
        return "a file is a link";
    }
    return NULL;
}

int tar_next(struct tar_reader *reader, struct tar_file *out)
{
    for (;;) {
        const uint8_t *header = reader->archive + reader->at;
        size_t left = reader->bytes - reader->at;
        uint64_t size = 0;

        if (left < TAR_BLOCK_BYTES) {
            return refuse(reader, "the archive is cut: it ends within or before a header");
        }
        if (block_is_zero(header)) {
            if (left < 2 * TAR_BLOCK_BYTES || !block_is_zero(header + TAR_BLOCK_BYTES)) {
                return refuse(reader, "the archive is cut: two blocks of zeros must end it");
            }
            return ERROR_NOT_FOUND;
        }
        const char *reason = header_check(header, &size);
        if (reason != NULL) {
            return refuse(reader, reason);
        }
        if (align_up(size, TAR_BLOCK_BYTES) > left - TAR_BLOCK_BYTES) {
            return refuse(reader, "the archive is cut: it ends within a file");
        }
        reader->at += TAR_BLOCK_BYTES + align_up(size, TAR_BLOCK_BYTES);
        switch (header[TYPE_AT]) {
        case '0':
        case '\0':
            memcpy(out->name, header + NAME_AT, TAR_NAME_BYTES - 1);
            out->name[TAR_NAME_BYTES - 1] = '\0';
            out->data = header + TAR_BLOCK_BYTES;
            out->bytes = size;
            return OK;
        case '5':
            if (size != 0) {
                return refuse(reader, "a directory has a size");
            }
            break;
        default:
            return refuse(reader, "a file is neither plain nor a directory");
        }
    }
}

int tar_find(const void *archive, size_t bytes, const char *name, struct tar_file *out,
             const char **reason)
{
    struct tar_reader reader;
    int error;

    tar_open(&reader, archive, bytes);
    do {
        error = tar_next(&reader, out);
    } while (error == OK && !string_equal(out->name, name));
    *reason = reader.reason;
    return error;
}
