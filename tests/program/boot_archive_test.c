/* The archive of user programs that the boot loader passed to this kernel. */
#include "kernel/program/boot_archive.h"
#include "lib/elf_program.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/test.h"

#define LOWEST 0x10000UL
#define END    0x00007ffffffff000UL

/* Programs have plain names; configurations and scripts have a suffix. */
static bool is_program(const char *name)
{
    while (*name != '\0' && *name != '.') {
        name++;
    }
    return *name == '\0';
}

TEST(PRG0001, "each file of the boot archive without a suffix is a sound program, and init is one",
     BOOT_ARCHIVE)
{
    struct tar_reader reader;
    struct tar_file file;
    const void *archive;
    size_t bytes;
    bool has_init = false;

    test_check(boot_archive_get(&archive, &bytes));
    tar_open(&reader, archive, bytes);
    while (tar_next(&reader, &file) == OK) {
        if (!is_program(file.name)) {
            continue;
        }
        struct elf_program program;
        const char *reason;
        int error = elf_program_read(file.data, file.bytes, LOWEST, END, &program, &reason);

        if (error != OK) {
            test_fail(__FILE__, __LINE__, "%s: %s", file.name, reason);
        }
        has_init |= string_equal(file.name, "init");
    }
    test_check(reader.reason == NULL);
    test_check(has_init);
}
