/*
 * Parser of the MADT: a header with the address of the local APICs, then entries of type, length
 * and contents. Entries may come in any order. An entry for an NMI pin names a processor by its
 * uid, so these entries are applied in a second pass, when all processors are known.
 * Source: ACPI 6.4, 5.2.12; SDM volume 3A, 11.6.1 and 11.12.9 (the ids that address all
 * processors).
 */
#include "arch/x86_64/acpi/acpi_tables.h"
#include "arch/x86_64/cpu/log.h"
#include "lib/bytes.h"

#define MADT_ENTRIES_OFFSET 44
#define PROCESSOR_ENABLED   1

#define XAPIC_ID_ALL  0xffU
#define X2APIC_ID_ALL 0xffffffffU
#define UID_UNKNOWN   0xfffffffeU /* for the boot processor, if the table does not list it */

enum madt_entry_type {
    MADT_LAPIC = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LAPIC_NMI = 4,
    MADT_LAPIC_ADDRESS = 5,
    MADT_X2APIC = 9,
    MADT_X2APIC_NMI = 10,
    MADT_TYPES_KNOWN,
};

/* The least length in bytes of each type of entry that is parsed; 0 for other types. */
static const uint8_t entry_bytes_least[MADT_TYPES_KNOWN] = {
    [MADT_LAPIC] = 8,          [MADT_IOAPIC] = 12, [MADT_OVERRIDE] = 10,   [MADT_LAPIC_NMI] = 6,
    [MADT_LAPIC_ADDRESS] = 12, [MADT_X2APIC] = 16, [MADT_X2APIC_NMI] = 12,
};

static void processor_append(struct acpi_info *out, uint32_t apic_id, uint32_t uid)
{
    out->processors[out->processor_count++] =
        (struct acpi_processor){.apic_id = apic_id, .uid = uid, .nmi_lint = 1};
}

static void processor_add(struct acpi_info *out, uint32_t apic_id, uint32_t uid, uint32_t flags)
{
    if ((flags & PROCESSOR_ENABLED) == 0 && apic_id == out->boot_apic_id) {
        log_warn("acpi: MADT says that the boot processor (APIC id %u) is disabled; it is used",
                 apic_id);
    } else if ((flags & PROCESSOR_ENABLED) == 0) {
        out->processors_disabled++;
        return;
    }
    if (apic_id == X2APIC_ID_ALL) {
        log_warn("acpi: MADT lists a processor with the APIC id that addresses all; left out");
        out->processors_left_out++;
        return;
    }
    for (unsigned i = 0; i < out->processor_count; i++) {
        if (out->processors[i].apic_id == apic_id) {
            log_warn("acpi: MADT lists APIC id %u twice", apic_id);
            return;
        }
    }
    if (out->processor_count == CPU_MAX) { /* boot_processor_ensure() adds the boot CPU */
        out->processors_left_out += apic_id != out->boot_apic_id ? 1 : 0;
        return;
    }
    processor_append(out, apic_id, uid);
}

/*
 * Adds the boot processor if the table does not list it, because it runs. If the list is full, it
 * replaces the last processor.
 */
static void boot_processor_ensure(struct acpi_info *out)
{
    for (unsigned i = 0; i < out->processor_count; i++) {
        if (out->processors[i].apic_id == out->boot_apic_id) {
            return;
        }
    }
    log_warn("acpi: MADT does not list the boot processor (APIC id %u)", out->boot_apic_id);
    if (out->processor_count == CPU_MAX) {
        out->processor_count--;
        out->processors_left_out++;
    }
    processor_append(out, out->boot_apic_id, UID_UNKNOWN);
}

static void ioapic_add(struct acpi_info *out, const uint8_t *entry)
{
    if (out->ioapic_count == ACPI_IOAPIC_MAX) {
        log_warn("acpi: MADT lists more than %d I/O APICs; id %u left out", ACPI_IOAPIC_MAX,
                 entry[2]);
        return;
    }
    out->ioapics[out->ioapic_count++] = (struct acpi_ioapic){
        .id = entry[2], .address = bytes_read_32(entry + 4), .gsi_base = bytes_read_32(entry + 8)};
}

static void override_set(struct acpi_info *out, const uint8_t *entry)
{
    uint8_t source = entry[3];

    if (entry[2] != 0 || source >= ACPI_ISA_COUNT) {
        log_warn("acpi: MADT overrides interrupt %u of bus %u, which is not ISA", source, entry[2]);
        return;
    }
    out->isa[source].gsi = bytes_read_32(entry + 4);
    out->isa[source].flags = bytes_read_16(entry + 8);
}

static void nmi_pin_set(struct acpi_info *out, uint32_t uid, uint32_t uid_all, uint8_t lint,
                        uint16_t flags)
{
    if (lint > 1) {
        log_warn("acpi: MADT names local pin %u for the NMI; there are 0 and 1", lint);
        return;
    }
    for (unsigned i = 0; i < out->processor_count; i++) {
        if (uid == uid_all || out->processors[i].uid == uid) {
            out->processors[i].nmi_lint = lint;
            out->processors[i].nmi_flags = flags;
        }
    }
}

static void entry_parse(const uint8_t *entry, struct acpi_info *out)
{
    switch (entry[0]) {
    case MADT_LAPIC:
        if (entry[3] != XAPIC_ID_ALL) { /* 0xff: an unused entry */
            processor_add(out, entry[3], entry[2], bytes_read_32(entry + 4));
        }
        break;
    case MADT_X2APIC:
        processor_add(out, bytes_read_32(entry + 4), bytes_read_32(entry + 12),
                      bytes_read_32(entry + 8));
        break;
    case MADT_IOAPIC:
        ioapic_add(out, entry);
        break;
    case MADT_OVERRIDE:
        override_set(out, entry);
        break;
    case MADT_LAPIC_ADDRESS:
        out->lapic_address = bytes_read_64(entry + 4);
        break;
    }
}

static void entry_parse_nmi(const uint8_t *entry, struct acpi_info *out)
{
    if (entry[0] == MADT_LAPIC_NMI) {
        nmi_pin_set(out, entry[2], 0xff, entry[5], bytes_read_16(entry + 3));
    } else if (entry[0] == MADT_X2APIC_NMI) {
        nmi_pin_set(out, bytes_read_32(entry + 4), 0xffffffff, entry[8], bytes_read_16(entry + 2));
    }
}

/*
 * Calls `parse` for each entry up to the first with an impossible length, and leaves out entries
 * that are too short for their type. Logs these errors if `loud` is set.
 */
static void entries_walk(const uint8_t *table, uint32_t bytes, struct acpi_info *out, bool loud,
                         void (*parse)(const uint8_t *entry, struct acpi_info *out))
{
    for (uint32_t at = MADT_ENTRIES_OFFSET; at < bytes; at += table[at + 1]) {
        if (bytes - at < 2 || table[at + 1] < 2 || table[at + 1] > bytes - at) {
            if (loud) {
                log_warn("acpi: MADT entry at byte %u of %u has no possible length; the rest of "
                         "the table is left out",
                         at, bytes);
            }
            return;
        }
        uint8_t type = table[at];
        if (type < MADT_TYPES_KNOWN && table[at + 1] < entry_bytes_least[type]) {
            if (loud) {
                log_warn("acpi: MADT entry of type %u has %u bytes instead of %u; left out", type,
                         table[at + 1], entry_bytes_least[type]);
            }
            continue;
        }
        parse(table + at, out);
    }
}

void acpi_madt_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out)
{
    if (bytes < MADT_ENTRIES_OFFSET) {
        log_warn("acpi: MADT of %u bytes is too short; left out", bytes);
        return;
    }
    out->madt_present = true;
    out->isa[0].gsi = 0; /* with a MADT the lines are wired 1:1 unless overridden */
    out->lapic_address = bytes_read_32(table + 36);
    entries_walk(table, bytes, out, true, entry_parse);
    boot_processor_ensure(out);
    entries_walk(table, bytes, out, false, entry_parse_nmi);
    if (out->processor_count == CPU_MAX && out->processors_left_out != 0) {
        log_warn("acpi: %u processors beyond the first %d are left out", out->processors_left_out,
                 CPU_MAX);
    }
}
