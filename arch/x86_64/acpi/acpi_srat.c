/*
 * Parser of the SRAT: a header, then entries of type, length and contents. An entry gives the
 * domain (ACPI: "proximity domain") of a processor or of a range of memory. If any entry is
 * malformed, the whole table is refused and all memory is one domain, because the rest of such a
 * table cannot be relied on.
 *
 * The static functions return NULL, or a string that says what is wrong with the table.
 * Source: ACPI 6.4, 5.2.16.
 */
#include "arch/x86_64/acpi/acpi_tables.h"
#include "arch/x86_64/cpu/log.h"
#include "lib/bytes.h"
#include "lib/string.h"

#define SRAT_ENTRIES_OFFSET 48
#define AFFINITY_ENABLED    1 /* bit 0 of the flags of every entry */

enum srat_entry_type {
    SRAT_LAPIC = 0,
    SRAT_MEMORY = 1,
    SRAT_X2APIC = 2,
    SRAT_TYPES_KNOWN,
};

static const uint8_t entry_bytes_least[SRAT_TYPES_KNOWN] = {
    [SRAT_LAPIC] = 16, [SRAT_MEMORY] = 40, [SRAT_X2APIC] = 24};

/* Stores the number of the domain that the table calls `name`, and adds the domain if it is new. */
static const char *domain_find(struct acpi_affinity *out, uint32_t name, unsigned *domain)
{
    for (*domain = 0; *domain < out->domain_count; (*domain)++) {
        if (out->names[*domain] == name) {
            return NULL;
        }
    }
    if (out->domain_count == ACPI_DOMAIN_MAX) {
        return "it has more domains than are supported";
    }
    out->names[out->domain_count++] = name;
    return NULL;
}

static const char *processor_add(struct acpi_affinity *out, uint32_t apic_id, uint32_t name)
{
    unsigned domain;
    const char *complaint = domain_find(out, name, &domain);
    if (complaint != NULL) {
        return complaint;
    }
    for (unsigned i = 0; i < out->processor_count; i++) {
        if (out->processors[i].apic_id == apic_id) {
            return out->processors[i].domain == domain ? NULL
                                                       : "one processor is in two of its domains";
        }
    }
    if (out->processor_count < CPU_MAX) { /* no more than CPU_MAX are ever started */
        out->processors[out->processor_count++] =
            (struct acpi_domain_processor){.apic_id = apic_id, .domain = domain};
    }
    return NULL;
}

static const char *memory_add(struct acpi_affinity *out, physical_t base, uint64_t bytes,
                              uint32_t name)
{
    unsigned domain;
    if (bytes == 0) {
        return NULL; /* an empty memory slot */
    }
    if (base + bytes < base) {
        return "a range of memory ends beyond the last address";
    }
    const char *complaint = domain_find(out, name, &domain);
    if (complaint != NULL) {
        return complaint;
    }
    for (unsigned i = 0; i < out->range_count; i++) {
        const struct acpi_domain_range *other = &out->ranges[i];
        if (other->domain != domain && base < other->base + other->bytes &&
            other->base < base + bytes) {
            return "the same memory is in two of its domains";
        }
    }
    if (out->range_count == ACPI_DOMAIN_RANGE_MAX) {
        return "it has more ranges of memory than are supported";
    }
    out->ranges[out->range_count++] =
        (struct acpi_domain_range){.base = base, .bytes = bytes, .domain = domain};
    return NULL;
}

static const char *entry_parse(const uint8_t *entry, struct acpi_affinity *out)
{
    uint32_t name;

    switch (entry[0]) {
    case SRAT_LAPIC: /* byte 0 of the domain is at offset 2, bytes 1 to 3 are at 9 to 11 */
        name = entry[2] | (bytes_read_32(entry + 8) & 0xffffff00);
        return bytes_read_32(entry + 4) & AFFINITY_ENABLED ? processor_add(out, entry[3], name)
                                                           : NULL;
    case SRAT_X2APIC:
        return bytes_read_32(entry + 12) & AFFINITY_ENABLED
                   ? processor_add(out, bytes_read_32(entry + 8), bytes_read_32(entry + 4))
                   : NULL;
    case SRAT_MEMORY:
        return bytes_read_32(entry + 28) & AFFINITY_ENABLED
                   ? memory_add(out, bytes_read_64(entry + 8), bytes_read_64(entry + 16),
                                bytes_read_32(entry + 2))
                   : NULL;
    default:
        return NULL;
    }
}

static const char *entries_parse(const uint8_t *table, uint32_t bytes, struct acpi_affinity *out)
{
    for (uint32_t at = SRAT_ENTRIES_OFFSET; at < bytes; at += table[at + 1]) {
        if (bytes - at < 2 || table[at + 1] < 2 || table[at + 1] > bytes - at) {
            return "an entry has no possible length";
        }
        if (table[at] < SRAT_TYPES_KNOWN && table[at + 1] < entry_bytes_least[table[at]]) {
            return "an entry is too short for its type";
        }
        const char *complaint = entry_parse(table + at, out);
        if (complaint != NULL) {
            return complaint;
        }
    }
    return out->range_count == 0 ? "it names no memory" : NULL;
}

void acpi_srat_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out)
{
    out->srat_present = true;
    const char *complaint = bytes < SRAT_ENTRIES_OFFSET
                                ? "it is too short"
                                : entries_parse(table, bytes, &out->affinity);
    if (complaint != NULL) {
        log_warn("acpi: SRAT of %u bytes refused: %s; all memory is taken to be one domain", bytes,
                 complaint);
        memset(&out->affinity, 0, sizeof(out->affinity));
    }
}
