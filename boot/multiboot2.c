/*
 * Parser of Multiboot2 boot information: a header with the total size, then a list of tags. A tag
 * consists of type, size and contents, and starts at a multiple of 8 bytes. A tag of type 0 ends
 * the list. The memory map is required. Any other tag that is malformed is left out with a warning,
 * and the boot continues.
 * Source: Multiboot2 specification 2.0, section 3.6.
 */
#include "arch/x86_64/cpu/log.h"
#include "boot/boot_info.h"
#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/string.h"

#define TOTAL_BYTES_MAX (1U << 20) /* no loader needs more */
#define HEADER_BYTES    8

enum tag_type {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_LOADER_NAME = 2,
    TAG_MODULE = 3,
    TAG_BASIC_MEMORY = 4,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
};

struct tag {
    const uint8_t *bytes; /* the tag, beginning with its type field */
    uint32_t type;
    uint32_t size; /* in bytes, the type and size fields included */
};

static const char *tag_name(uint32_t type)
{
    switch (type) {
    case TAG_COMMAND_LINE:
        return "command line";
    case TAG_LOADER_NAME:
        return "loader name";
    case TAG_MODULE:
        return "module";
    case TAG_BASIC_MEMORY:
        return "basic memory";
    case TAG_MEMORY_MAP:
        return "memory map";
    case TAG_FRAMEBUFFER:
        return "framebuffer";
    case TAG_ACPI_OLD:
        return "old ACPI RSDP";
    case TAG_ACPI_NEW:
        return "new ACPI RSDP";
    default:
        return "unknown";
    }
}

static int tag_malformed(const struct tag *tag, const char *what)
{
    log_error("boot: Multiboot2 tag %u (%s), %u bytes: %s", tag->type, tag_name(tag->type),
              tag->size, what);
    return ERROR_CORRUPT;
}

static void tag_lost(const struct tag *tag, const char *what)
{
    log_warn("boot: Multiboot2 tag %u (%s), %u bytes: %s; going on without it", tag->type,
             tag_name(tag->type), tag->size, what);
}

/* Returns the string at byte `offset` of the tag; a null pointer if it does not end in the tag. */
static const char *tag_string(const struct tag *tag, uint32_t offset)
{
    if (tag->size <= offset || memchr(tag->bytes + offset, 0, tag->size - offset) == NULL) {
        return NULL;
    }
    return (const char *)tag->bytes + offset;
}

static void parse_string(const struct tag *tag, struct boot_info *out)
{
    const char *text = tag_string(tag, HEADER_BYTES);

    if (text == NULL) {
        tag_lost(tag, "the text has no end");
    } else if (tag->type == TAG_COMMAND_LINE) {
        boot_command_line_set(out, text);
    } else {
        (void)string_copy(out->loader_name, sizeof(out->loader_name), text);
    }
}

/* A module with a malformed name is added without a name, because its memory is in use. */
static void parse_module(const struct tag *tag, struct boot_info *out)
{
    if (tag->size < 16) {
        tag_lost(tag, "too short");
        return;
    }
    const char *name = tag_string(tag, 16);
    uint32_t base = bytes_read_32(tag->bytes + 8);
    uint32_t end = bytes_read_32(tag->bytes + 12);
    if (end < base) {
        tag_lost(tag, "the module ends before it starts");
        return;
    }
    if (name == NULL) {
        log_warn("boot: the module at 0x%x has no name, or one without an end", base);
    }
    boot_module_add(out, base, end - base, name != NULL ? name : "");
}

static must_check int parse_memory_map(const struct tag *tag, struct boot_info *out)
{
    if (tag->size < 16) {
        return tag_malformed(tag, "too short");
    }
    uint32_t entry_bytes = bytes_read_32(tag->bytes + 8);
    if (entry_bytes < 24 || entry_bytes % 8 != 0) {
        return tag_malformed(tag, "the size of an entry is impossible");
    }
    if ((tag->size - 16) % entry_bytes != 0) {
        return tag_malformed(tag, "the last entry is cut off");
    }
    for (uint32_t offset = 16; offset < tag->size; offset += entry_bytes) {
        const uint8_t *entry = tag->bytes + offset;
        int error = memory_map_add(&out->map, bytes_read_64(entry), bytes_read_64(entry + 8),
                                   boot_memory_kind(bytes_read_32(entry + 16)));
        if (error != OK) {
            return tag_malformed(tag, "too many ranges");
        }
    }
    return OK;
}

/*
 * Used if there is no memory map. The tag gives two sizes in KiB: of the memory from address 0, and
 * of the memory from 1 MiB to the first hole.
 */
static must_check int parse_basic_memory(const struct tag *tag, struct boot_info *out)
{
    if (tag->size < 16) {
        return tag_malformed(tag, "too short");
    }
    int error =
        memory_map_add(&out->map, 0, (uint64_t)bytes_read_32(tag->bytes + 8) << 10, MEMORY_USABLE);
    if (error == OK) {
        error = memory_map_add(&out->map, 0x100000, (uint64_t)bytes_read_32(tag->bytes + 12) << 10,
                               MEMORY_USABLE);
    }
    return error;
}

static void parse_framebuffer(const struct tag *tag, struct boot_info *out)
{
    struct framebuffer_info info = {.kind = FRAMEBUFFER_NONE};

    if (tag->size < 32) {
        tag_lost(tag, "too short");
        return;
    }
    info.address = bytes_read_64(tag->bytes + 8);
    info.pitch_bytes = bytes_read_32(tag->bytes + 16);
    info.width = bytes_read_32(tag->bytes + 20);
    info.height = bytes_read_32(tag->bytes + 24);
    info.bits_per_pixel = tag->bytes[28];
    uint8_t type = tag->bytes[29];
    if (type == 1) {
        if (tag->size < 38) {
            tag_lost(tag, "too short for the colours");
            return;
        }
        info.kind = FRAMEBUFFER_PIXELS;
        info.red = (struct framebuffer_colour){tag->bytes[32], tag->bytes[33]};
        info.green = (struct framebuffer_colour){tag->bytes[34], tag->bytes[35]};
        info.blue = (struct framebuffer_colour){tag->bytes[36], tag->bytes[37]};
    } else if (type == 2) {
        info.kind = FRAMEBUFFER_TEXT;
    } else {
        log_warn("boot: framebuffer of type %u is not supported and not used", type);
        return;
    }
    if ((uint64_t)info.width * ((info.bits_per_pixel + 7) / 8) > info.pitch_bytes) {
        tag_lost(tag, "a line is longer than the distance between lines");
        return;
    }
    out->framebuffer = info;
}

/* Stores the RSDP. The new one is preferred to the old one, whichever tag comes first. */
static void parse_rsdp(const struct tag *tag, struct boot_info *out)
{
    uint32_t bytes = tag->size - HEADER_BYTES;

    if (bytes < 20 || (tag->type == TAG_ACPI_NEW && bytes < BOOT_RSDP_BYTES)) {
        tag_lost(tag, "too short");
        return;
    }
    bytes = tag->type == TAG_ACPI_NEW ? BOOT_RSDP_BYTES : 20;
    if (bytes > out->rsdp_bytes) {
        memcpy(out->rsdp, tag->bytes + HEADER_BYTES, bytes);
        out->rsdp_bytes = bytes;
    }
}

static must_check int parse_tag(const struct tag *tag, struct boot_info *out)
{
    switch (tag->type) {
    case TAG_COMMAND_LINE:
    case TAG_LOADER_NAME:
        parse_string(tag, out);
        return OK;
    case TAG_MODULE:
        parse_module(tag, out);
        return OK;
    case TAG_MEMORY_MAP:
        return parse_memory_map(tag, out);
    case TAG_FRAMEBUFFER:
        parse_framebuffer(tag, out);
        return OK;
    case TAG_ACPI_OLD:
    case TAG_ACPI_NEW:
        parse_rsdp(tag, out);
        return OK;
    default:
        return OK;
    }
}

int multiboot2_parse(const struct physical_reader *reader, physical_t info, struct boot_info *out)
{
    struct tag basic_memory = {.size = 0};
    const uint8_t *header = physical_read(reader, info, HEADER_BYTES);
    uint32_t total = header != NULL ? bytes_read_32(header) : 0;
    int error = OK;

    if (info % 8 != 0 || total < 2 * HEADER_BYTES || total > TOTAL_BYTES_MAX) {
        log_error("boot: Multiboot2 information at 0x%llx, %u bytes: misplaced, or no such size",
                  (unsigned long long)info, total);
        return ERROR_CORRUPT;
    }
    const uint8_t *bytes = physical_read(reader, info, total);
    if (bytes == NULL) {
        log_error("boot: Multiboot2 information of %u bytes cannot be read", total);
        return ERROR_CORRUPT;
    }
    /* After an error the other tags are still read: the command line has options for the panic. */
    for (uint32_t offset = HEADER_BYTES; offset <= total - HEADER_BYTES;) {
        struct tag tag = {.bytes = bytes + offset,
                          .type = bytes_read_32(bytes + offset),
                          .size = bytes_read_32(bytes + offset + 4)};
        if (tag.size < HEADER_BYTES || tag.size > total - offset) {
            return tag_malformed(&tag, "its size does not fit the information's");
        }
        if (tag.type == TAG_END) {
            bool map_missing = out->map.count == 0 && basic_memory.size != 0;
            return error == OK && map_missing ? parse_basic_memory(&basic_memory, out) : error;
        }
        if (tag.type == TAG_BASIC_MEMORY) {
            basic_memory = tag;
        }
        int tag_error = parse_tag(&tag, out);
        error = error != OK ? error : tag_error;
        offset += (uint32_t)align_up(tag.size, 8);
    }
    log_error("boot: Multiboot2 information of %u bytes has no end tag", total);
    return ERROR_CORRUPT;
}
