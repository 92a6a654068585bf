/*
 * Puts a program into an address space: the segments of its file, a stack that is filled as it is
 * touched, with a guard below, and at its top the struct program_start.
 */
#pragma once

#include "lib/program_start.h"
#include "mm/space/address_space.h"

/* The registers with which the first thread begins, and whether the program asks for the FPU. */
struct program_image {
    uintptr_t entry;
    bool wants_fpu;
    uintptr_t stack; /* RSP; also RDI, because the struct program_start lies there */
};

/*
 * Loads the ELF file of `bytes` bytes into an address space in which nothing is mapped and no
 * thread runs yet. Frames are charged to `quota`. Stores where the program begins in *out. After an
 * error *reason says why in words; the caller destroys the space. Context: THREAD. Errors:
 * ERROR_CORRUPT and ERROR_UNSUPPORTED (the file: lib/elf_program.h), ERROR_NO_MEMORY, ERROR_QUOTA.
 */
must_check int program_load(struct address_space *space, struct frame_quota *quota,
                            const void *file, size_t bytes, const struct program_start *start,
                            struct program_image *out, const char **reason);
