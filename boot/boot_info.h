/*
 * What the boot loader told, in one form whichever loader it was. Everything is copied, so the
 * loader's own structures need not survive; modules stay where they are and are marked as in use.
 *
 * One processor, at boot, on the boot page tables (physical 0 to 4 GiB in the direct map).
 */
#pragma once

#include "arch/x86_64/acpi/physical_reader.h"
#include "arch/x86_64/cpu/types.h"
#include "boot/framebuffer_info.h"
#include "boot/memory_map.h"

#define BOOT_MAGIC_MULTIBOOT2 0x36d76289 /* in eax, by GRUB */
#define BOOT_MAGIC_PVH        0x336ec578 /* first word of start_info, by qemu -kernel */

#define BOOT_MODULE_MAX       16
#define BOOT_COMMAND_LINE_MAX 1024
#define BOOT_MODULE_NAME_MAX  64
#define BOOT_LOADER_NAME_MAX  64
#define BOOT_RSDP_BYTES       36 /* of ACPI 2.0 and later; ACPI 1.0 fills 20 */

struct boot_module {
    physical_t base;
    uint64_t bytes;
    char name[BOOT_MODULE_NAME_MAX]; /* its own command line, cut to fit */
};

struct boot_info {
    char command_line[BOOT_COMMAND_LINE_MAX];
    bool command_line_truncated;
    char loader_name[BOOT_LOADER_NAME_MAX];
    struct memory_map map;
    struct boot_module modules[BOOT_MODULE_MAX];
    unsigned module_count;
    struct framebuffer_info framebuffer;
    uint8_t rsdp[BOOT_RSDP_BYTES]; /* a copy, unchecked; see acpi_init() */
    unsigned rsdp_bytes;           /* 0 if the loader gave none */
};

/*
 * Reads what lies at `info` in the format that `magic` names, and marks in the map what is in use:
 * page 0, the legacy hole below 1 MiB, the kernel's image, the modules.
 * Errors: ERROR_UNSUPPORTED for an unknown magic, ERROR_CORRUPT for anything malformed, each with a
 * log line that says what is wrong. *out is changed on success only.
 */
must_check int boot_info_read(uint32_t magic, physical_t info, struct boot_info *out);

/*
 * The two formats, as pure functions on a reader and a zeroed *out, for boot_info_read() and tests.
 * On an error *out holds rubbish.
 * Sources: Multiboot2 specification 2.0, section 3.6; Xen's public header hvm/start_info.h.
 */
must_check int multiboot2_parse(const struct physical_reader *reader, physical_t info,
                                struct boot_info *out);
must_check int pvh_parse(const struct physical_reader *reader, physical_t info,
                         struct boot_info *out);

/* Firmware's number for a kind of memory (as in E820, ACPI 15.1) as a memory_kind. */
enum memory_kind boot_memory_kind(uint32_t firmware_type);

/* Adds a module; more than BOOT_MODULE_MAX are reported and left out. */
void boot_module_add(struct boot_info *out, physical_t base, uint64_t bytes, const char *name);

/* Copies the command line; notes and reports when it had to be cut. */
void boot_command_line_set(struct boot_info *out, const char *text);
