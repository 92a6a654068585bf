/* See program_load.h. */
#include "kernel/program/program_load.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "lib/elf_program.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/space/memory_object.h"
#include "sched/core/thread.h"

static unsigned space_rights(unsigned elf_rights)
{
    return SPACE_READ | (elf_rights & ELF_WRITE ? SPACE_WRITE : 0) |
           (elf_rights & ELF_EXECUTE ? SPACE_EXECUTE : 0);
}

/* Gives the page at `address` a frame, as a write from user mode would, and finds the frame. */
static int page_enter(struct address_space *space, uintptr_t address, void **page,
                      const char **reason)
{
    int error;

    while ((error = address_space_fault(space, address, PAGE_FAULT_USER | PAGE_FAULT_WRITE,
                                        reason)) == ERROR_AGAIN) {
        thread_yield();
    }
    if (error == OK) {
        *reason = NULL; /* a try that had to wait may have said why */
        uint64_t entry = user_tables_entry(&space->tables, address);
        *page = physical_to_virtual(entry & PAGE_ADDRESS_MASK);
    }
    return error;
}

/* Writes to memory of the space that is mapped writable. */
static int space_write(struct address_space *space, uintptr_t to, const void *from, size_t bytes,
                       const char **reason)
{
    const char *next = from;

    while (bytes > 0) {
        size_t offset = to % PAGE_BYTES;
        size_t piece = bytes < PAGE_BYTES - offset ? bytes : PAGE_BYTES - offset;
        void *page;
        int error = page_enter(space, to - offset, &page, reason);

        if (error != OK) {
            return error;
        }
        memcpy((char *)page + offset, next, piece);
        to += piece;
        next += piece;
        bytes -= piece;
    }
    return OK;
}

/* Maps a new anonymous object, writes the content, then sets the rights of the segment. */
static int segment_load(struct address_space *space, struct frame_quota *quota, const char *file,
                        const struct elf_segment *segment, const char **reason)
{
    size_t bytes = align_up(segment->memory_bytes, PAGE_BYTES);
    unsigned rights = space_rights(segment->rights);
    struct memory_object *object;
    int error = memory_object_create(bytes, quota, &object);

    if (error != OK) {
        return error;
    }
    error = address_space_map(space, segment->address, bytes, SPACE_READ | SPACE_WRITE, object, 0);
    memory_object_release(object); /* the region has its own reference */
    if (error == OK) {
        error = space_write(space, segment->address, file + segment->file_offset,
                            segment->file_bytes, reason);
    }
    if (error == OK && rights != (SPACE_READ | SPACE_WRITE)) {
        error = address_space_protect(space, segment->address, bytes, rights);
    }
    return error;
}

static int stack_load(struct address_space *space, struct frame_quota *quota,
                      const struct program_start *start, struct program_image *out,
                      const char **reason)
{
    uintptr_t bottom = PROGRAM_STACK_TOP - PROGRAM_STACK_BYTES;
    struct memory_object *object;
    int error = memory_object_create(PROGRAM_STACK_BYTES, quota, &object);

    if (error != OK) {
        return error;
    }
    error = address_space_map_stack(space, bottom, PROGRAM_STACK_BYTES, object, 0);
    memory_object_release(object);
    out->stack = PROGRAM_STACK_TOP - align_up(sizeof(*start), 64);
    return error != OK ? error : space_write(space, out->stack, start, sizeof(*start), reason);
}

int program_load(struct address_space *space, struct frame_quota *quota, const void *file,
                 size_t bytes, const struct program_start *start, struct program_image *out,
                 const char **reason)
{
    struct elf_program program;
    int error = elf_program_read(file, bytes, USER_BASE, PROGRAM_ADDRESS_END, &program, reason);

    if (error != OK) {
        return error;
    }
    for (unsigned i = 0; error == OK && i < program.segment_count; i++) {
        error = segment_load(space, quota, file, &program.segments[i], reason);
    }
    if (error == OK) {
        out->entry = program.entry;
        out->wants_fpu = program.wants_fpu;
        error = stack_load(space, quota, start, out, reason);
    }
    if (error != OK && *reason == NULL) {
        *reason = error_name(error);
    }
    return error;
}
