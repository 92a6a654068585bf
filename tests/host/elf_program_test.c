/*
 * The reader of programs, with sound files, with each field at its extremes, with files cut at each
 * byte, and with damage. Each file is a copy of exactly its size, so the address sanitizer sees a
 * single byte too many.
 */
#include <stdlib.h>

#include "lib/elf_program.h"
#include "lib/error.h"
#include "tests/host/host.h"

#define LOWEST 0x10000UL
#define END    0x00007ffffffff000UL

#define FILE_BYTES 1024
#define SEGMENT(i) (64 + 56 * (i)) /* a program header's offset */

static uint8_t file[FILE_BYTES];

static void put(unsigned at, unsigned bytes, uint64_t value)
{
    __builtin_memcpy(file + at, &value, bytes);
}

static void segment_put(unsigned i, unsigned flags, uint64_t address, uint64_t offset,
                        uint64_t file_bytes, uint64_t memory_bytes)
{
    put(SEGMENT(i), 4, 1);
    put(SEGMENT(i) + 4, 4, flags);
    put(SEGMENT(i) + 8, 8, offset);
    put(SEGMENT(i) + 16, 8, address);
    put(SEGMENT(i) + 32, 8, file_bytes);
    put(SEGMENT(i) + 40, 8, memory_bytes);
    put(SEGMENT(i) + 48, 8, 1);
}

/* Code, constants and data, a note, a stack that is not executable; two section headers at the
 * end. */
static void file_make(void)
{
    __builtin_memset(file, 0, sizeof(file));
    __builtin_memcpy(file, "\177ELF\2\1\1", 7);
    put(16, 2, 2);
    put(18, 2, 62);
    put(20, 4, 1);
    put(24, 8, 0x400010);
    put(32, 8, 64);
    put(40, 8, FILE_BYTES - 128);
    put(52, 2, 64);
    put(54, 2, 56);
    put(56, 2, 5);
    put(58, 2, 64);
    put(60, 2, 2);
    put(62, 2, 1);
    segment_put(0, ELF_READ | ELF_EXECUTE, 0x400000, 512, 128, 128);
    segment_put(1, ELF_READ, 0x401000, 640, 64, 64);
    segment_put(2, ELF_READ | ELF_WRITE, 0x402000, 704, 32, 0x3000);
    put(SEGMENT(3), 4, 4);
    put(SEGMENT(4), 4, 0x6474e551);
    put(SEGMENT(4) + 4, 4, 6);
}

static int read_copy(size_t bytes, struct elf_program *program, const char **reason)
{
    uint8_t *copy = malloc(bytes == 0 ? 1 : bytes);
    int error;

    __builtin_memcpy(copy, file, bytes);
    error = elf_program_read(copy, bytes, LOWEST, END, program, reason);
    host_check((error == OK) == (*reason == NULL));
    free(copy);
    return error;
}

/* The promises about an accepted program. */
static void check_accepted(const struct elf_program *program, size_t bytes)
{
    uint64_t above = LOWEST;

    host_check(program->segment_count >= 1 && program->segment_count <= ELF_SEGMENT_MAX);
    for (unsigned i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];

        host_check(segment->address >= above && segment->address < END);
        host_check(segment->memory_bytes <= END - segment->address);
        host_check(segment->file_bytes <= segment->memory_bytes);
        host_check(segment->file_offset <= bytes &&
                   segment->file_bytes <= bytes - segment->file_offset);
        host_check((segment->rights & (ELF_WRITE | ELF_EXECUTE)) != (ELF_WRITE | ELF_EXECUTE));
        host_equal(segment->address % 4096, 0);
        above = align_up(segment->address + segment->memory_bytes, 4096);
    }
}

static void refused(int error, const char *words)
{
    struct elf_program program;
    const char *reason;

    host_equal(read_copy(FILE_BYTES, &program, &reason), error);
    if (reason == NULL || __builtin_strstr(reason, words) == NULL) {
        host_fail(__FILE__, __LINE__, "the reason is \"%s\", without \"%s\"", reason, words);
    }
}

HOST_TEST(HEL0001, "a sound program's segments and entry are read")
{
    struct elf_program program;
    const char *reason;

    file_make();
    host_equal(read_copy(FILE_BYTES, &program, &reason), OK);
    host_equal(program.entry, 0x400010);
    host_equal(program.segment_count, 3);
    host_equal(program.segments[0].address, 0x400000);
    host_equal(program.segments[0].rights, ELF_READ | ELF_EXECUTE);
    host_equal(program.segments[1].file_offset, 640);
    host_equal(program.segments[2].file_bytes, 32);
    host_equal(program.segments[2].memory_bytes, 0x3000);
    check_accepted(&program, FILE_BYTES);

    host_check(!program.wants_fpu);
    put(SEGMENT(3), 4, ELF_TYPE_FPU);
    host_equal(read_copy(FILE_BYTES, &program, &reason), OK);
    host_check(program.wants_fpu);
    for (unsigned at = 4; at < 48; at++) { /* all its fields but the alignment are empty */
        put(SEGMENT(3) + at, 1, 1);
        refused(ERROR_UNSUPPORTED, "asks for the FPU");
        put(SEGMENT(3) + at, 1, 0);
    }
    put(SEGMENT(3), 4, 4);

    put(40, 8, 0); /* a file without section headers is sound too */
    put(60, 2, 0);
    put(62, 2, 0);
    host_equal(read_copy(FILE_BYTES, &program, &reason), OK);
}

HOST_TEST(HEL0002, "a program that is cut at any byte is refused with a reason")
{
    struct elf_program program;
    const char *reason;

    file_make();
    for (size_t bytes = 0; bytes < FILE_BYTES; bytes++) {
        if (read_copy(bytes, &program, &reason) != ERROR_CORRUPT) {
            host_fail(__FILE__, __LINE__, "cut at byte %zu it is not refused", bytes);
        }
    }
}

/* A field's value that is refused, by that error, for a reason with these words. */
struct wrong {
    unsigned at, bytes;
    uint64_t value;
    int error;
    const char *words;
};

static void all_refused(const struct wrong *cases, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        file_make();
        put(cases[i].at, cases[i].bytes, cases[i].value);
        refused(cases[i].error, cases[i].words);
    }
}

HOST_TEST(HEL0003, "each wrong field of the file header is refused with its own reason")
{
    static const struct wrong cases[] = {
        {0, 1, 0, ERROR_CORRUPT, "not an ELF file"},
        {3, 1, 'f', ERROR_CORRUPT, "not an ELF file"},
        {4, 1, 1, ERROR_UNSUPPORTED, "64-bit"},
        {4, 1, 0xff, ERROR_UNSUPPORTED, "64-bit"},
        {5, 1, 2, ERROR_UNSUPPORTED, "little-endian"},
        {6, 1, 0, ERROR_UNSUPPORTED, "identification"},
        {7, 1, 3, ERROR_UNSUPPORTED, "operating system"},
        {8, 1, 1, ERROR_UNSUPPORTED, "operating system"},
        {9, 1, 1, ERROR_CORRUPT, "padding"},
        {15, 1, 0xff, ERROR_CORRUPT, "padding"},
        {16, 2, 1, ERROR_UNSUPPORTED, "fixed addresses"},
        {16, 2, 3, ERROR_UNSUPPORTED, "fixed addresses"},
        {16, 2, 0xffff, ERROR_UNSUPPORTED, "fixed addresses"},
        {18, 2, 3, ERROR_UNSUPPORTED, "x86-64"},
        {20, 4, 0, ERROR_UNSUPPORTED, "version"},
        {20, 4, 0xffffffff, ERROR_UNSUPPORTED, "version"},
        {24, 8, 0, ERROR_CORRUPT, "entry point"},
        {24, 8, 0x3fffff, ERROR_CORRUPT, "entry point"},
        {24, 8, 0x400080, ERROR_CORRUPT, "entry point"},
        {24, 8, 0x401000, ERROR_CORRUPT, "entry point"},
        {24, 8, UINT64_MAX, ERROR_CORRUPT, "entry point"},
        {32, 8, 0, ERROR_CORRUPT, "program headers do not lie"},
        {32, 8, 63, ERROR_CORRUPT, "program headers do not lie"},
        {32, 8, FILE_BYTES - 5 * 56 + 1, ERROR_CORRUPT, "program headers do not lie"},
        {32, 8, UINT64_MAX, ERROR_CORRUPT, "program headers do not lie"},
        {40, 8, 0, ERROR_CORRUPT, "section headers do not lie"},
        {40, 8, FILE_BYTES - 127, ERROR_CORRUPT, "section headers do not lie"},
        {40, 8, UINT64_MAX - 127, ERROR_CORRUPT, "section headers do not lie"},
        {48, 4, 1, ERROR_UNSUPPORTED, "processor flags"},
        {52, 2, 63, ERROR_CORRUPT, "file header is not 64"},
        {52, 2, 0xffff, ERROR_CORRUPT, "file header is not 64"},
        {54, 2, 0, ERROR_CORRUPT, "program header is not 56"},
        {54, 2, 64, ERROR_CORRUPT, "program header is not 56"},
        {56, 2, 0, ERROR_CORRUPT, "no program headers"},
        {56, 2, 0xffff, ERROR_CORRUPT, "program headers do not lie"},
        {58, 2, 0, ERROR_CORRUPT, "section header is not 64"},
        {60, 2, 0, ERROR_CORRUPT, "no section headers"},
        {60, 2, 0xffff, ERROR_CORRUPT, "section headers do not lie"},
        {62, 2, 2, ERROR_CORRUPT, "section names"},
        {62, 2, 0xffff, ERROR_CORRUPT, "section names"},
    };
    all_refused(cases, array_length(cases));
}

HOST_TEST(HEL0004, "each wrong field of a program header is refused with its own reason")
{
    static const struct wrong cases[] = {
        {SEGMENT(0), 4, 2, ERROR_UNSUPPORTED, "dynamically"},
        {SEGMENT(0), 4, 3, ERROR_UNSUPPORTED, "dynamically"},
        {SEGMENT(0), 4, 7, ERROR_UNSUPPORTED, "thread-local"},
        {SEGMENT(0), 4, 0xffffffff, ERROR_UNSUPPORTED, "unknown type"},
        {SEGMENT(0), 4, 0, ERROR_CORRUPT, "entry point"}, /* the code is gone */
        {SEGMENT(4) + 4, 4, 7, ERROR_UNSUPPORTED, "executable stack"},
        {SEGMENT(0) + 4, 4, 0, ERROR_UNSUPPORTED, "cannot be read"},
        {SEGMENT(0) + 4, 4, 1, ERROR_UNSUPPORTED, "cannot be read"},
        {SEGMENT(0) + 4, 4, 7, ERROR_UNSUPPORTED, "writable and executable"},
        {SEGMENT(0) + 4, 4, 13, ERROR_UNSUPPORTED, "unknown flags"},
        {SEGMENT(0) + 4, 4, 0xffffffff, ERROR_UNSUPPORTED, "unknown flags"},
        {SEGMENT(0) + 4, 4, 4, ERROR_CORRUPT, "entry point"}, /* code that cannot be executed */
        {SEGMENT(0) + 8, 8, FILE_BYTES - 127, ERROR_CORRUPT,
         "segment does not lie within the file"},
        {SEGMENT(0) + 8, 8, UINT64_MAX, ERROR_CORRUPT, "segment does not lie within the file"},
        {SEGMENT(0) + 16, 8, 0, ERROR_CORRUPT, "user addresses"},
        {SEGMENT(0) + 16, 8, 0xf000, ERROR_CORRUPT, "user addresses"},
        {SEGMENT(0) + 16, 8, 0x400001, ERROR_UNSUPPORTED, "begin at a page"},
        {SEGMENT(0) + 16, 8, END, ERROR_CORRUPT, "user addresses"},
        {SEGMENT(0) + 16, 8, 0xffff800000000000, ERROR_CORRUPT, "user addresses"},
        {SEGMENT(0) + 16, 8, 0xfffffffffffff000, ERROR_CORRUPT, "user addresses"},
        {SEGMENT(1) + 16, 8, 0x400000, ERROR_CORRUPT, "share a page"},
        {SEGMENT(1) + 16, 8, 0x3ff000, ERROR_CORRUPT, "ascending order"},
        {SEGMENT(0) + 32, 8, 129, ERROR_CORRUPT, "larger in the file"},
        {SEGMENT(0) + 32, 8, UINT64_MAX, ERROR_CORRUPT, "larger in the file"},
        {SEGMENT(2) + 32, 8, FILE_BYTES - 703, ERROR_CORRUPT, "does not lie within the file"},
        {SEGMENT(0) + 32, 8, 15, ERROR_CORRUPT, "entry point"}, /* the entry is not in the file */
        {SEGMENT(0) + 40, 8, 0, ERROR_CORRUPT, "larger in the file"},
        {SEGMENT(0) + 40, 8, 0x1001, ERROR_CORRUPT, "share a page"},
        {SEGMENT(2) + 40, 8, END - 0x402000 + 1, ERROR_CORRUPT, "user addresses"},
        {SEGMENT(2) + 40, 8, UINT64_MAX, ERROR_CORRUPT, "user addresses"},
        {SEGMENT(0) + 48, 8, 3, ERROR_CORRUPT, "power of two"},
        {SEGMENT(0) + 48, 8, UINT64_MAX, ERROR_CORRUPT, "power of two"},
        {SEGMENT(0) + 48, 8, 4096, ERROR_CORRUPT, "differ in their alignment"},
        {SEGMENT(0) + 48, 8, 1UL << 63, ERROR_CORRUPT, "differ in their alignment"},
    };
    all_refused(cases, array_length(cases));
}

HOST_TEST(HEL0005, "fields of a program that decide nothing may have any value")
{
    struct elf_program program;
    const char *reason;

    file_make();
    put(SEGMENT(0) + 24, 8, UINT64_MAX); /* the physical address */
    put(SEGMENT(0) + 48, 8, 0);          /* no alignment */
    put(SEGMENT(3) + 8, 8, UINT64_MAX);  /* the place of a note, which is not loaded */
    put(SEGMENT(2) + 40, 8, END - 0x402000);
    host_equal(read_copy(FILE_BYTES, &program, &reason), OK);
    check_accepted(&program, FILE_BYTES);
    segment_put(1, ELF_READ, 0, 0, 0, 0); /* nothing to load, nowhere */
    host_equal(read_copy(FILE_BYTES, &program, &reason), OK);
    host_equal(program.segment_count, 2);
}

HOST_TEST(HEL0006, "a program has at most eight segments")
{
    struct elf_program program;
    const char *reason;

    file_make();
    put(56, 2, 8);
    for (unsigned i = 0; i < 8; i++) {
        segment_put(i, i == 0 ? ELF_READ | ELF_EXECUTE : ELF_READ, 0x400000 + i * 4096, 0, 64, 64);
    }
    host_equal(read_copy(FILE_BYTES, &program, &reason), OK);
    check_accepted(&program, FILE_BYTES);
    put(56, 2, 9);
    segment_put(8, ELF_READ, 0x500000, 0, 64, 64);
    refused(ERROR_UNSUPPORTED, "more than 8");
}

HOST_TEST(HEL0007,
          "whatever is damaged, an accepted program lies within its file and user addresses")
{
    static const uint64_t extremes[] = {0,         1,          0x7f,   0x80,
                                        0xff,      0xfff,      0x1000, 0x7fffffff,
                                        INT64_MAX, UINT64_MAX, END,    0xffff800000000000};
    struct elf_program program;
    const char *reason;
    unsigned accepted = 0;

    for (unsigned round = 0; round < 50000; round++) {
        size_t bytes = host_random_below(8) == 0 ? host_random_below(FILE_BYTES) : FILE_BYTES;

        file_make();
        for (uint64_t left = 1 + host_random_below(4); left > 0; left--) {
            unsigned width = 1u << host_random_below(4);
            unsigned at = (unsigned)host_random_below(SEGMENT(5) / width) * width;
            put(at, width,
                host_random_below(2) == 0 ? extremes[host_random_below(array_length(extremes))]
                                          : host_random());
        }
        if (read_copy(bytes, &program, &reason) == OK) {
            check_accepted(&program, bytes);
            accepted++;
        }
    }
    host_check(accepted > 0);
}
