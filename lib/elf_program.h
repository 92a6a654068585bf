/*
 * Reads the headers of a program: a static ELF64 file for x86-64, as make/user.mk links them. Every
 * field is checked before it is used. Nothing outside the file is read, whatever the bytes are.
 * Source: System V ABI, chapters 4 and 5 (gABI), and its x86-64 supplement.
 */
#pragma once

#include "lib/compiler.h"

#define ELF_SEGMENT_MAX 8

/*
 * The type of a program header that asks for the FPU for the program's first thread. Its other
 * fields are 0 (user/program.ld). It is one of the types that are left to operating systems.
 */
#define ELF_TYPE_FPU 0x65667075

#define ELF_EXECUTE 1
#define ELF_WRITE   2
#define ELF_READ    4

/* A part of the program that is loaded: `memory_bytes` at `address`, of which the first
 * `file_bytes` come from the file; the others are zero. */
struct elf_segment {
    uint64_t address; /* a multiple of the page size */
    uint64_t memory_bytes;
    uint64_t file_offset;
    uint64_t file_bytes;
    unsigned rights; /* ELF_READ, with at most one of ELF_WRITE and ELF_EXECUTE */
};

/* The segments lie in ascending order, each in pages of its own. */
struct elf_program {
    uint64_t entry; /* within a segment that may be executed */
    unsigned segment_count;
    bool wants_fpu; /* its first thread needs the FPU: it has a program header ELF_TYPE_FPU */
    struct elf_segment segments[ELF_SEGMENT_MAX];
};

/*
 * Reads the file of `bytes` bytes into *out. All addresses must lie in [lowest, end), both
 * multiples of the page size. Returns OK, or ERROR_CORRUPT (malformed) or ERROR_UNSUPPORTED (sound,
 * but not a static program for this machine); then *reason says why, in words. Context: ANY that
 * may touch the file.
 */
must_check int elf_program_read(const void *file, size_t bytes, uint64_t lowest, uint64_t end,
                                struct elf_program *out, const char **reason);
