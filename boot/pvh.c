/*
 * Parser of PVH start information, which QEMU's -kernel passes: one struct with the physical
 * addresses of command line, modules, memory map and RSDP; 0 means "none". The memory map is
 * required, so version 0, which has none, is refused. Any other part that is malformed is left out
 * with a warning, and the boot continues. Source: Xen's public header hvm/start_info.h.
 *
 *   offset  0 magic   4 version   8 flags   12 number of modules   16 modules   24 command line
 *          32 RSDP   40 memory map   48 number of its entries
 *   module: 0 address   8 bytes   16 command line   24 reserved        (32 bytes)
 *   map entry: 0 address   8 bytes   16 type   20 reserved             (24 bytes)
 */
#include "arch/x86_64/cpu/log.h"
#include "boot/boot_info.h"
#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/string.h"

#define START_INFO_BYTES 56
#define MODULE_BYTES     32
#define MAP_ENTRY_BYTES  24
#define MODULES_SANE     64   /* a larger number is an error */
#define MAP_SANE         1024 /* a larger number is an error */

static int malformed(const char *field, const char *what, uint64_t value)
{
    log_error("boot: PVH %s: %s (0x%llx)", field, what, (unsigned long long)value);
    return ERROR_CORRUPT;
}

static void lost(const char *field, const char *what, uint64_t value)
{
    log_warn("boot: PVH %s: %s (0x%llx); going on without it", field, what,
             (unsigned long long)value);
}

/* Copies the string at a physical address, cut to `size` bytes. Returns false if unreadable. */
static bool read_string(const struct physical_reader *reader, physical_t address, char *to,
                        size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const char *from = physical_read(reader, address + i, 1);
        if (from == NULL) {
            return false;
        }
        to[i] = *from;
        if (*from == '\0') {
            return true;
        }
    }
    to[size - 1] = '\0';
    return true;
}

static void parse_command_line(const struct physical_reader *reader, physical_t address,
                               struct boot_info *out)
{
    static char text[BOOT_COMMAND_LINE_MAX + 1]; /* one byte more, so that a cut is noticed */

    if (address == 0) {
        return;
    }
    if (read_string(reader, address, text, sizeof(text))) {
        boot_command_line_set(out, text);
    } else {
        lost("command line", "it has no end in memory, address", address);
    }
}

static void parse_modules(const struct physical_reader *reader, const uint8_t *start,
                          struct boot_info *out)
{
    uint32_t count = bytes_read_32(start + 12);
    physical_t list = bytes_read_64(start + 16);

    if (count > MODULES_SANE) {
        lost("modules", "too many", count);
        return;
    }
    const uint8_t *entry = physical_read(reader, list, (uint64_t)count * MODULE_BYTES);
    if (count != 0 && entry == NULL) {
        lost("modules", "their list cannot be read, address", list);
        return;
    }
    for (uint32_t i = 0; i < count; i++, entry += MODULE_BYTES) {
        char name[BOOT_MODULE_NAME_MAX] = "";
        physical_t base = bytes_read_64(entry);
        uint64_t bytes = bytes_read_64(entry + 8);
        physical_t name_address = bytes_read_64(entry + 16);

        if (base + bytes < base) {
            lost("module", "its end wraps around, address", base);
            continue;
        }
        if (name_address != 0 && !read_string(reader, name_address, name, sizeof(name))) {
            lost("module's name", "it cannot be read, address", name_address);
            name[0] = '\0';
        }
        boot_module_add(out, base, bytes, name);
    }
}

static must_check int parse_memory_map(const struct physical_reader *reader, const uint8_t *start,
                                       struct boot_info *out)
{
    physical_t list = bytes_read_64(start + 40);
    uint32_t count = bytes_read_32(start + 48);

    if (bytes_read_32(start + 4) < 1) {
        return malformed("start info", "this version has no memory map", bytes_read_32(start + 4));
    }
    if (count == 0 || count > MAP_SANE) {
        return malformed("memory map", "number of entries", count);
    }
    const uint8_t *entry = physical_read(reader, list, (uint64_t)count * MAP_ENTRY_BYTES);
    if (list == 0 || entry == NULL) {
        return malformed("memory map", "it cannot be read, address", list);
    }
    for (uint32_t i = 0; i < count; i++, entry += MAP_ENTRY_BYTES) {
        int error = memory_map_add(&out->map, bytes_read_64(entry), bytes_read_64(entry + 8),
                                   boot_memory_kind(bytes_read_32(entry + 16)));
        if (error != OK) {
            return malformed("memory map", "too many ranges, entry", i);
        }
    }
    return OK;
}

static void parse_rsdp(const struct physical_reader *reader, physical_t address,
                       struct boot_info *out)
{
    const uint8_t *rsdp = address != 0 ? physical_read(reader, address, BOOT_RSDP_BYTES) : NULL;

    if (rsdp != NULL) {
        out->rsdp_bytes = rsdp[15] >= 2 ? BOOT_RSDP_BYTES : 20; /* 15: revision */
        memcpy(out->rsdp, rsdp, out->rsdp_bytes);
    } else if (address != 0) {
        lost("RSDP", "it cannot be read, address", address);
    }
}

int pvh_parse(const struct physical_reader *reader, physical_t info, struct boot_info *out)
{
    const uint8_t *start = physical_read(reader, info, START_INFO_BYTES);

    if (start == NULL) {
        return malformed("start info", "it cannot be read, address", info);
    }
    if (bytes_read_32(start) != BOOT_MAGIC_PVH) {
        return malformed("start info", "its magic number is wrong", bytes_read_32(start));
    }
    (void)string_copy(out->loader_name, sizeof(out->loader_name), "PVH");
    parse_command_line(reader, bytes_read_64(start + 24), out);
    parse_modules(reader, start, out);
    parse_rsdp(reader, bytes_read_64(start + 32), out);
    return parse_memory_map(reader, start, out);
}
