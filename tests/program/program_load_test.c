/* Loading the first program of the boot archive into an address space, without running it. */
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/layout.h"
#include "kernel/program/boot_archive.h"
#include "kernel/program/program_load.h"
#include "lib/elf_program.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/test.h"

static const struct program_start start = {
    .version = PROGRAM_START_VERSION, .bytes = sizeof(start), .arguments = "init and a word"};

/* Finds init, which PRG0001 checks. */
static bool init_find(struct tar_file *file)
{
    const void *archive;
    const char *reason;
    size_t bytes;

    return boot_archive_get(&archive, &bytes) &&
           tar_find(archive, bytes, "init", file, &reason) == OK;
}

/* Returns the byte that user mode would read, or -1 if the page has not been filled. */
static int byte_at(struct address_space *space, uintptr_t address)
{
    uint64_t entry = user_tables_entry(&space->tables, address);

    if (entry == 0) {
        return -1;
    }
    return ((const uint8_t *)physical_to_virtual(entry & PAGE_ADDRESS_MASK))[address % PAGE_BYTES];
}

/* Makes a space with a quota, calls work, and takes both away again. */
static void with_space(size_t limit, void (*work)(struct address_space *, struct frame_quota *))
{
    struct address_space space;
    struct frame_quota *quota;
    int error = frame_quota_create(limit, &quota);

    test_equal(error, OK);
    if (error == OK && address_space_init(&space, quota) == OK) {
        work(&space, quota);
        address_space_destroy(&space);
        test_equal(quota->used, 0);
    }
    if (error == OK) {
        frame_quota_release(quota);
    }
}

static void segment_check(struct address_space *space, const struct tar_file *file,
                          const struct elf_segment *segment)
{
    struct address_space_place place;
    unsigned wrong = 0;

    for (size_t i = 0; i < segment->file_bytes; i++) {
        wrong += byte_at(space, segment->address + i) != file->data[segment->file_offset + i];
    }
    test_equal(wrong, 0);
    test_check(address_space_find(space, segment->address, &place));
    test_equal(place.start, segment->address);
    test_equal(place.bytes, align_up(segment->memory_bytes, PAGE_BYTES));
    test_equal((place.rights & SPACE_WRITE) != 0, (segment->rights & ELF_WRITE) != 0);
    test_equal((place.rights & SPACE_EXECUTE) != 0, (segment->rights & ELF_EXECUTE) != 0);
}

static void load_and_check(struct address_space *space, struct frame_quota *quota)
{
    struct address_space_place place;
    struct program_image image;
    struct elf_program program;
    struct tar_file file;
    const char *reason;
    unsigned wrong = 0;

    test_check(init_find(&file));
    test_equal(program_load(space, quota, file.data, file.bytes, &start, &image, &reason), OK);
    test_equal(elf_program_read(file.data, file.bytes, USER_BASE, USER_END, &program, &reason), OK);
    test_equal(image.entry, program.entry);
    for (unsigned i = 0; i < program.segment_count; i++) {
        segment_check(space, &file, &program.segments[i]);
    }
    test_equal(image.stack % 16, 0);
    for (size_t i = 0; i < sizeof(start); i++) {
        wrong += byte_at(space, image.stack + i) != ((const uint8_t *)&start)[i];
    }
    test_equal(wrong, 0);
    test_equal(byte_at(space, PROGRAM_STACK_TOP - PROGRAM_STACK_BYTES), -1);
    test_check(address_space_find(space, PROGRAM_STACK_TOP - PROGRAM_STACK_BYTES - 1, &place));
    test_check(place.is_stack_guard);
}

TEST(PRG0002, "a program is loaded byte for byte, with the rights of each segment and a lazy stack",
     BOOT_ARCHIVE)
{
    with_space(FRAME_QUOTA_NONE, load_and_check);
}

static void load_cut(struct address_space *space, struct frame_quota *quota)
{
    struct program_image image;
    struct tar_file file;
    const char *reason = NULL;

    test_check(init_find(&file));
    test_equal(program_load(space, quota, file.data, file.bytes - 1, &start, &image, &reason),
               ERROR_CORRUPT);
    test_check(reason != NULL && string_equal(reason, "the section headers do not lie within the "
                                                      "file"));
}

TEST(PRG0003, "a program that was cut is not loaded, and the reason is given", BOOT_ARCHIVE)
{
    with_space(FRAME_QUOTA_NONE, load_cut);
}

static bool loaded;

static void load_by_quota(struct address_space *space, struct frame_quota *quota)
{
    struct program_image image;
    struct tar_file file;
    const char *reason = NULL;
    int error;

    test_check(init_find(&file));
    error = program_load(space, quota, file.data, file.bytes, &start, &image, &reason);
    loaded = error == OK;
    test_check(error == OK || error == ERROR_QUOTA);
    test_check(loaded == (reason == NULL));
}

TEST(PRG0004, "a load that fails for any number of frames in the quota gives every frame back",
     BOOT_ARCHIVE)
{
    size_t limit = 1;

    for (loaded = false; !loaded && limit < 100; limit++) {
        with_space(limit, load_by_quota);
    }
    test_check(loaded);
    test_check(limit > 5); /* at least the root, three tables and a page */
}
