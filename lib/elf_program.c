/*
 * An ELF file begins with the file header, which says where the program headers lie. Each of these
 * describes a segment. Only linkers and debuggers use sections. Of them this file checks that their
 * headers lie within the file, because a file that was cut off often lacks these.
 *
 *   file header     0 identification (16)   16 type (2)   18 machine (2)   20 version (4)
 *                  24 entry (8)   32 program headers at (8)   40 section headers at (8)
 *                  48 flags (4)   52 size of this header (2)   54 size of a program header (2)
 *                  56 program headers (2)   58 size of a section header (2)
 *                  60 section headers (2)   62 section of the names (2)
 *   program header  0 type (4)   4 flags (4)   8 offset (8)   16 address (8)
 *                  24 physical address (8), not used   32 bytes in the file (8)
 *                  40 bytes in memory (8)   48 alignment (8)
 */
#include "lib/elf_program.h"

#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/string.h"

#define PAGE_MASK 4095UL

#define FILE_HEADER_BYTES    64
#define PROGRAM_HEADER_BYTES 56
#define SECTION_HEADER_BYTES 64

/* Types of a program header. */
#define TYPE_NULL         0
#define TYPE_LOAD         1
#define TYPE_DYNAMIC      2
#define TYPE_INTERPRETER  3
#define TYPE_NOTE         4
#define TYPE_HEADERS      6
#define TYPE_TLS          7
#define TYPE_GNU_FRAMES   0x6474e550
#define TYPE_GNU_STACK    0x6474e551
#define TYPE_GNU_PROPERTY 0x6474e553

/* The verdict of a check: OK is {OK, NULL}. */
struct verdict {
    int error;
    const char *reason;
};

static const struct verdict sound = {OK, NULL};

static struct verdict corrupt(const char *reason)
{
    return (struct verdict){ERROR_CORRUPT, reason};
}

static struct verdict unsupported(const char *reason)
{
    return (struct verdict){ERROR_UNSUPPORTED, reason};
}

/*
 * Returns whether a table of `count` records, each of `size` bytes, that begins at `offset` lies
 * within a file of `bytes` bytes.
 */
static bool table_is_within(uint64_t offset, uint64_t count, uint64_t size, size_t bytes)
{
    return offset <= bytes && count * size <= bytes - offset;
}

/* Checks the first 16 bytes, which say what kind of ELF file it is. */
static struct verdict identification_check(const uint8_t *file)
{
    if (memcmp(file, "\177ELF", 4) != 0) {
        return corrupt("the file is not an ELF file");
    }
    if (file[4] != 2) {
        return unsupported("the file is not of the 64-bit class");
    }
    if (file[5] != 1) {
        return unsupported("the file is not little-endian");
    }
    if (file[6] != 1) {
        return unsupported("the identification has an unknown ELF version");
    }
    if (file[7] != 0 || file[8] != 0) {
        return unsupported("the file is for a particular operating system");
    }
    for (unsigned i = 9; i < 16; i++) {
        if (file[i] != 0) {
            return corrupt("the padding of the identification is not zero");
        }
    }
    return sound;
}

static struct verdict file_header_check(const uint8_t *file, size_t bytes)
{
    uint64_t program_offset = bytes_read_64(file + 32), section_offset = bytes_read_64(file + 40);
    unsigned programs = bytes_read_16(file + 56), sections = bytes_read_16(file + 60);

    if (bytes_read_16(file + 16) != 2) {
        return unsupported("the file is not a program with fixed addresses (its type is not EXEC)");
    }
    if (bytes_read_16(file + 18) != 62) {
        return unsupported("the program is not for x86-64");
    }
    if (bytes_read_32(file + 20) != 1) {
        return unsupported("the file header has an unknown ELF version");
    }
    if (bytes_read_32(file + 48) != 0) {
        return unsupported("the file header has processor flags");
    }
    if (bytes_read_16(file + 52) != FILE_HEADER_BYTES) {
        return corrupt("the size of the file header is not 64");
    }
    if (bytes_read_16(file + 54) != PROGRAM_HEADER_BYTES) {
        return corrupt("the size of a program header is not 56");
    }
    if (programs == 0) {
        return corrupt("there are no program headers");
    }
    if (program_offset < FILE_HEADER_BYTES ||
        !table_is_within(program_offset, programs, PROGRAM_HEADER_BYTES, bytes)) {
        return corrupt("the program headers do not lie within the file");
    }
    if (sections == 0) {
        return section_offset == 0 && bytes_read_16(file + 62) == 0
                   ? sound
                   : corrupt("there are no section headers, and yet an offset or a table of names");
    }
    if (bytes_read_16(file + 58) != SECTION_HEADER_BYTES) {
        return corrupt("the size of a section header is not 64");
    }
    if (section_offset < FILE_HEADER_BYTES ||
        !table_is_within(section_offset, sections, SECTION_HEADER_BYTES, bytes)) {
        return corrupt("the section headers do not lie within the file");
    }
    if (bytes_read_16(file + 62) >= sections) {
        return corrupt("the table of section names is not among the sections");
    }
    return sound;
}

static struct verdict segment_check(const struct elf_segment *segment, uint64_t alignment,
                                    size_t bytes, uint64_t lowest, uint64_t end)
{
    if ((segment->rights & ~(unsigned)(ELF_READ | ELF_WRITE | ELF_EXECUTE)) != 0) {
        return unsupported("a segment has unknown flags");
    }
    if ((segment->rights & ELF_READ) == 0) {
        return unsupported("a segment cannot be read");
    }
    if ((segment->rights & ELF_WRITE) != 0 && (segment->rights & ELF_EXECUTE) != 0) {
        return unsupported("a segment is writable and executable");
    }
    if (segment->file_bytes > segment->memory_bytes) {
        return corrupt("a segment is larger in the file than in memory");
    }
    if (!table_is_within(segment->file_offset, 1, segment->file_bytes, bytes)) {
        return corrupt("a segment does not lie within the file");
    }
    if ((alignment & (alignment - 1)) != 0) {
        return corrupt("the alignment of a segment is not a power of two");
    }
    if (alignment > 1 && ((segment->address ^ segment->file_offset) & (alignment - 1)) != 0) {
        return corrupt("a segment's address and offset differ in their alignment");
    }
    if ((segment->address & PAGE_MASK) != 0) {
        return unsupported("a segment does not begin at a page");
    }
    if (segment->address < lowest || segment->address >= end ||
        segment->memory_bytes > end - segment->address) {
        return corrupt("a segment does not lie within user addresses");
    }
    return sound;
}

/* Adds a segment, which must lie above the last one and in other pages. */
static struct verdict segment_add(const uint8_t *header, size_t bytes, uint64_t lowest,
                                  uint64_t end, struct elf_program *out)
{
    const struct elf_segment segment = {.rights = bytes_read_32(header + 4),
                                        .file_offset = bytes_read_64(header + 8),
                                        .address = bytes_read_64(header + 16),
                                        .file_bytes = bytes_read_64(header + 32),
                                        .memory_bytes = bytes_read_64(header + 40)};

    if (segment.memory_bytes == 0 && segment.file_bytes == 0) {
        return sound; /* linkers write such a header for a part that has nothing in it */
    }
    struct verdict verdict =
        segment_check(&segment, bytes_read_64(header + 48), bytes, lowest, end);

    if (verdict.error != OK) {
        return verdict;
    }
    if (out->segment_count == ELF_SEGMENT_MAX) {
        return unsupported("there are more than 8 segments");
    }
    if (out->segment_count > 0) {
        const struct elf_segment *last = &out->segments[out->segment_count - 1];

        if (segment.address <= ((last->address + last->memory_bytes - 1) | PAGE_MASK)) {
            return corrupt("two segments share a page, or are not in ascending order");
        }
    }
    out->segments[out->segment_count++] = segment;
    return sound;
}

/*
 * Notes that the program wants the FPU. The header has no content, so all its fields must be 0,
 * except the alignment, which a linker may set.
 */
static struct verdict fpu_header_read(const uint8_t *header, struct elf_program *out)
{
    for (unsigned at = 4; at < 48; at++) {
        if (header[at] != 0) {
            return unsupported("the program header that asks for the FPU is not empty");
        }
    }
    out->wants_fpu = true;
    return sound;
}

static struct verdict program_header_read(const uint8_t *header, size_t bytes, uint64_t lowest,
                                          uint64_t end, struct elf_program *out)
{
    switch (bytes_read_32(header)) {
    case TYPE_LOAD:
        return segment_add(header, bytes, lowest, end, out);
    case TYPE_DYNAMIC:
    case TYPE_INTERPRETER:
        return unsupported("the program is linked dynamically");
    case TYPE_TLS:
        return unsupported("the program has thread-local storage");
    case TYPE_GNU_STACK:
        return (bytes_read_32(header + 4) & ELF_EXECUTE) != 0
                   ? unsupported("the program wants an executable stack")
                   : sound;
    case TYPE_NULL:
    case TYPE_NOTE:
    case TYPE_HEADERS:
    case TYPE_GNU_FRAMES:
    case TYPE_GNU_PROPERTY:
        return sound; /* nothing that is loaded */
    case ELF_TYPE_FPU:
        return fpu_header_read(header, out);
    default:
        return unsupported("a program header has an unknown type");
    }
}

static bool entry_is_code(const struct elf_program *program)
{
    for (unsigned i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];

        if ((segment->rights & ELF_EXECUTE) != 0 && program->entry >= segment->address &&
            program->entry - segment->address < segment->file_bytes) {
            return true;
        }
    }
    return false;
}

static struct verdict program_read(const uint8_t *file, size_t bytes, uint64_t lowest, uint64_t end,
                                   struct elf_program *out)
{
    struct verdict verdict;

    if (bytes < FILE_HEADER_BYTES) {
        return corrupt("the file is shorter than an ELF header");
    }
    verdict = identification_check(file);
    if (verdict.error == OK) {
        verdict = file_header_check(file, bytes);
    }
    if (verdict.error != OK) {
        return verdict;
    }
    const uint8_t *headers = file + bytes_read_64(file + 32);
    for (unsigned i = 0; i < bytes_read_16(file + 56); i++) {
        verdict = program_header_read(headers + i * PROGRAM_HEADER_BYTES, bytes, lowest, end, out);
        if (verdict.error != OK) {
            return verdict;
        }
    }
    out->entry = bytes_read_64(file + 24);
    if (!entry_is_code(out)) {
        return corrupt("the entry point does not lie in code");
    }
    return sound;
}

int elf_program_read(const void *file, size_t bytes, uint64_t lowest, uint64_t end,
                     struct elf_program *out, const char **reason)
{
    *out = (struct elf_program){0};
    struct verdict verdict = program_read(file, bytes, lowest, end, out);
    *reason = verdict.reason;
    return verdict.error;
}
