/* See boot_archive.h. */
#include "kernel/program/boot_archive.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/log.h"
#include "kernel/object/object_memory.h"
#include "lib/error.h"
#include "lib/string.h"

static const void *taken;
static size_t taken_bytes;
static struct object *object;

/*
 * Returns whether all of the module lies in the direct map, in memory that the map reserves for the
 * kernel.
 */
static bool is_mapped(const struct boot_info *boot, const struct boot_module *module)
{
    physical_t end = module->base + module->bytes;
    const struct memory_range *range;

    if (end < module->base || end > DIRECT_MAP_BYTES) {
        return false;
    }
    for (physical_t at = module->base; at < end; at = range->base + range->bytes) {
        range = memory_map_find(&boot->map, at);
        if (range == NULL || range->kind != MEMORY_KERNEL) {
            return false;
        }
    }
    return true;
}

/* Returns why the archive is refused, or NULL; counts its files. */
static const char *archive_check(const void *archive, size_t bytes, unsigned *files)
{
    struct tar_reader reader;
    struct tar_file file;

    *files = 0;
    tar_open(&reader, archive, bytes);
    while (tar_next(&reader, &file) == OK) {
        ++*files;
    }
    return reader.reason;
}

/*
 * Makes the object. Programs see whole pages, so the rest of the archive's last page is cleared:
 * programs must not see data of the kernel. The rest holds no other module, because the boot loader
 * was asked to put modules on page boundaries.
 */
static void object_make(physical_t base)
{
    size_t bytes = align_up(taken_bytes, PAGE_BYTES);
    struct memory_object *memory;
    int error = base % PAGE_BYTES != 0 ? ERROR_INVALID : OK;

    if (error == OK) {
        memset((char *)physical_to_virtual(base) + taken_bytes, 0, bytes - taken_bytes);
        error = memory_object_create_physical(base, bytes, MEMORY_CACHED, &memory);
    }
    if (error == OK) {
        error = object_memory_create(memory, &object);
        if (error != OK) {
            memory_object_release(memory);
        }
    }
    if (error != OK) {
        log_warn("user programs: they cannot read the archive: %s", error_name(error));
    }
}

void boot_archive_take(const struct boot_info *boot)
{
    const struct boot_module *module = &boot->modules[0];
    const char *reason;
    unsigned files;

    if (boot->module_count == 0) {
        log_info("user programs: none: the boot loader passed no module (boot.tar)");
        return;
    }
    if (boot->module_count > 1) {
        log_warn("user programs: only the first of %u modules is read", boot->module_count);
    }
    if (!is_mapped(boot, module)) {
        log_warn("user programs: none: the module at 0x%lx does not lie in memory that is mapped",
                 module->base);
        return;
    }
    reason = archive_check(physical_to_virtual(module->base), module->bytes, &files);
    if (reason != NULL) {
        log_warn("user programs: none: the boot loader's module is refused: %s", reason);
        return;
    }
    taken = physical_to_virtual(module->base);
    taken_bytes = module->bytes;
    object_make(module->base);
    log_info("user programs: %u in an archive of %lu KiB", files, (taken_bytes + 1023) / 1024);
}

bool boot_archive_get(const void **archive, size_t *bytes)
{
    *archive = taken;
    *bytes = taken_bytes;
    return taken != NULL;
}

struct object *boot_archive_object(void)
{
    return object;
}
