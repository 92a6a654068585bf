/*
 * Finds the tables, beginning with the RSDP, and has them parsed, in this order: the tables that
 * the XSDT lists; the tables that the RSDT lists, of each kind of which the XSDT has no valid one;
 * the SSDTs, if the DSDT does not say how to power off; the SLIT, which needs the domains of the
 * SRAT. A root table that lists itself or another root table causes no loop, because only tables
 * with known signatures are parsed.
 */
#include "arch/x86_64/acpi/acpi.h"

#include "arch/x86_64/acpi/acpi_tables.h"
#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/log.h"
#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/string.h"

#define LAPIC_ADDRESS_USUAL 0xfee00000
#define TIMER_GSI_USUAL     2
#define RSDP_BYTES_MAX      36

static struct acpi_info info;
static bool info_ready;

/*
 * Describes a machine without ACPI. It is assumed to be wired like PCs from before ACPI: ISA line
 * 0, the timer, is at pin 2 of the only I/O APIC. Source: MultiProcessor Specification 1.4, 3.6.2.3
 * and 5.3.
 */
static void info_reset(struct acpi_info *out)
{
    memset(out, 0, sizeof(*out));
    out->lapic_address = LAPIC_ADDRESS_USUAL;
    for (unsigned i = 0; i < ACPI_ISA_COUNT; i++) {
        out->isa[i].gsi = i;
    }
    out->isa[0].gsi = TIMER_GSI_USUAL;
}

const struct acpi_info *acpi_info(void)
{
    if (!info_ready) {
        info_reset(&info);
        info_ready = true;
    }
    return &info;
}

const uint8_t *acpi_table_map(const struct physical_reader *reader, physical_t address,
                              const char *signature, uint32_t *bytes)
{
    const uint8_t *header = physical_read(reader, address, ACPI_HEADER_BYTES);

    if (address == 0 || header == NULL) {
        log_warn("acpi: no table can be read at 0x%llx", (unsigned long long)address);
        return NULL;
    }
    if (signature != NULL && memcmp(header, signature, 4) != 0) {
        log_warn("acpi: the table at 0x%llx is not the %s it should be",
                 (unsigned long long)address, signature);
        return NULL;
    }
    *bytes = bytes_read_32(header + 4);
    if (*bytes < ACPI_HEADER_BYTES || *bytes > ACPI_TABLE_MAX) {
        log_warn("acpi: table %.4s says it is %u bytes long; left out", (const char *)header,
                 *bytes);
        return NULL;
    }
    const uint8_t *table = physical_read(reader, address, *bytes);
    if (table == NULL) {
        log_warn("acpi: table %.4s of %u bytes ends beyond what can be read; left out",
                 (const char *)header, *bytes);
        return NULL;
    }
    if (bytes_sum(table, *bytes) != 0) {
        log_warn("acpi: table %.4s has a wrong checksum; left out", (const char *)table);
        return NULL;
    }
    return table;
}

bool acpi_rsdp_valid(const uint8_t *rsdp, unsigned bytes)
{
    if (bytes < 20 || memcmp(rsdp, "RSD PTR ", 8) != 0 || bytes_sum(rsdp, 20) != 0) {
        return false;
    }
    return rsdp[15] < 2 || (bytes >= RSDP_BYTES_MAX && bytes_sum(rsdp, RSDP_BYTES_MAX) == 0);
}

/* Parses a table that a root table lists, if no table of its kind was parsed before. */
static void table_parse(const struct physical_reader *reader, physical_t address,
                        struct acpi_info *out)
{
    const uint8_t *header = address != 0 ? physical_read(reader, address, ACPI_HEADER_BYTES) : NULL;
    uint32_t bytes;

    if (header == NULL) {
        log_warn("acpi: the root table lists 0x%llx, where nothing can be read",
                 (unsigned long long)address);
        return;
    }
    bool madt = memcmp(header, "APIC", 4) == 0 && !out->madt_present;
    bool fadt = memcmp(header, "FACP", 4) == 0 && !out->fadt_present;
    bool hpet = memcmp(header, "HPET", 4) == 0 && out->hpet_address == 0;
    bool srat = memcmp(header, "SRAT", 4) == 0 && !out->srat_present;
    if (!madt && !fadt && !hpet && !srat) {
        return;
    }
    const uint8_t *table = acpi_table_map(reader, address, NULL, &bytes);
    if (table == NULL) {
        return;
    }
    if (madt) {
        acpi_madt_parse(table, bytes, out);
    } else if (srat) {
        acpi_srat_parse(table, bytes, out);
    } else if (fadt) {
        acpi_fadt_parse(reader, table, bytes, out);
    } else {
        acpi_hpet_parse(table, bytes, out);
    }
}

/* Searches a table for the package _S5, if the table is an SSDT and no _S5 was found before. */
static void ssdt_parse(const struct physical_reader *reader, physical_t address,
                       struct acpi_info *out)
{
    const uint8_t *header = address != 0 ? physical_read(reader, address, ACPI_HEADER_BYTES) : NULL;
    uint32_t bytes;

    if (header == NULL || out->s5_known ||
        (memcmp(header, "SSDT", 4) != 0 && memcmp(header, "PSDT", 4) != 0)) {
        return;
    }
    const uint8_t *table = acpi_table_map(reader, address, NULL, &bytes);
    if (table != NULL) {
        out->s5_known = acpi_s5_find(table + ACPI_HEADER_BYTES, bytes - ACPI_HEADER_BYTES,
                                     &out->s5_type_a, &out->s5_type_b);
    }
}

/* Parses a SLIT, if an SRAT has named the domains and no SLIT was parsed before. */
static void distances_parse(const struct physical_reader *reader, physical_t address,
                            struct acpi_info *out)
{
    const uint8_t *header = address != 0 ? physical_read(reader, address, ACPI_HEADER_BYTES) : NULL;
    uint32_t bytes;

    if (header == NULL || out->slit_present || out->affinity.domain_count == 0 ||
        memcmp(header, "SLIT", 4) != 0) {
        return;
    }
    const uint8_t *table = acpi_table_map(reader, address, NULL, &bytes);
    if (table != NULL) {
        acpi_slit_parse(table, bytes, out);
    }
}

/* A root table: addresses of `entry_bytes` bytes each (4 or 8), from `entries` up to `end`. */
struct root_table {
    const uint8_t *entries, *end;
    uint32_t entry_bytes;
};

/* Returns the entries of a root table. There are none if the table is absent or malformed. */
static struct root_table root_read(const struct physical_reader *reader, physical_t address,
                                   const char *signature, uint32_t entry_bytes)
{
    struct root_table root = {.entry_bytes = entry_bytes};
    uint32_t bytes;
    const uint8_t *table = address != 0 ? acpi_table_map(reader, address, signature, &bytes) : NULL;

    if (table != NULL) {
        uint32_t rest = (bytes - ACPI_HEADER_BYTES) % entry_bytes;
        if (rest != 0) {
            log_warn("acpi: the last entry of the %s is cut off", signature);
        }
        root.entries = table + ACPI_HEADER_BYTES;
        root.end = table + bytes - rest;
    }
    return root;
}

static void root_walk(const struct physical_reader *reader, const struct root_table *root,
                      struct acpi_info *out,
                      void (*parse)(const struct physical_reader *reader, physical_t address,
                                    struct acpi_info *out))
{
    for (const uint8_t *at = root->entries; at != root->end; at += root->entry_bytes) {
        parse(reader, root->entry_bytes == 8 ? bytes_read_64(at) : bytes_read_32(at), out);
    }
}

static bool tables_missing(const struct acpi_info *out)
{
    return !out->madt_present || !out->fadt_present || !out->srat_present || out->hpet_address == 0;
}

int acpi_parse(const struct physical_reader *reader, const uint8_t *rsdp, unsigned rsdp_bytes,
               uint32_t boot_apic_id, struct acpi_info *out)
{
    info_reset(out);
    out->boot_apic_id = boot_apic_id;
    if (!acpi_rsdp_valid(rsdp, rsdp_bytes)) {
        log_warn("acpi: the RSDP (%u bytes) has a wrong signature, length or checksum", rsdp_bytes);
        return ERROR_CORRUPT;
    }
    physical_t xsdt_address = rsdp[15] >= 2 ? bytes_read_64(rsdp + 24) : 0;
    struct root_table xsdt = root_read(reader, xsdt_address, "XSDT", 8), rsdt = {0};

    root_walk(reader, &xsdt, out, table_parse);
    if (tables_missing(out)) {
        rsdt = root_read(reader, bytes_read_32(rsdp + 16), "RSDT", 4);
        root_walk(reader, &rsdt, out, table_parse);
    }
    if (xsdt.entries == NULL && rsdt.entries == NULL) {
        log_warn("acpi: no root table can be read");
        return ERROR_NOT_FOUND;
    }
    root_walk(reader, &xsdt, out, ssdt_parse);
    root_walk(reader, &rsdt, out, ssdt_parse);
    root_walk(reader, &xsdt, out, distances_parse);
    root_walk(reader, &rsdt, out, distances_parse);
    out->present = true;
    return OK;
}

/* Searches [base, base + bytes) for an RSDP, which begins at a multiple of 16 bytes. */
static bool search_range(const struct physical_reader *reader, physical_t base, uint32_t bytes,
                         uint8_t rsdp[36], unsigned *rsdp_bytes)
{
    const uint8_t *area = physical_read(reader, base, bytes);

    for (uint32_t at = 0; area != NULL && at + 20 <= bytes; at += 16) {
        unsigned left = bytes - at < RSDP_BYTES_MAX ? bytes - at : RSDP_BYTES_MAX;
        if (acpi_rsdp_valid(area + at, left)) {
            *rsdp_bytes = area[at + 15] >= 2 ? RSDP_BYTES_MAX : 20;
            memcpy(rsdp, area + at, *rsdp_bytes);
            return true;
        }
    }
    return false;
}

/*
 * Searches the first KiB of the extended BIOS data area, whose segment is at 0x40e, then the 128
 * KiB of the BIOS (ACPI 6.4, 5.2.5.1).
 */
int acpi_search(const struct physical_reader *reader, uint8_t rsdp[36], unsigned *rsdp_bytes)
{
    const uint8_t *segment = physical_read(reader, 0x40e, 2);
    physical_t ebda = segment != NULL ? (physical_t)bytes_read_16(segment) << 4 : 0;

    if (ebda >= 0x400 && ebda < 0xa0000 && search_range(reader, ebda, 1024, rsdp, rsdp_bytes)) {
        return OK;
    }
    return search_range(reader, 0xe0000, 0x20000, rsdp, rsdp_bytes) ? OK : ERROR_NOT_FOUND;
}

void acpi_init(const uint8_t *rsdp, unsigned rsdp_bytes)
{
    static uint8_t found[RSDP_BYTES_MAX];
    const struct physical_reader *reader = &physical_reader_boot;
    uint32_t own_id = cpu_initial_apic_id();
    int error = ERROR_NOT_FOUND;

    if (rsdp_bytes != 0) {
        error = acpi_parse(reader, rsdp, rsdp_bytes, own_id, &info);
    }
    if (error != OK && acpi_search(reader, found, &rsdp_bytes) == OK) {
        error = acpi_parse(reader, found, rsdp_bytes, own_id, &info);
    }
    info_ready = error == OK;
    if (error != OK) {
        log_warn("acpi: none found; going on with one CPU");
        return;
    }
    log_info("acpi: %u processor%s, %u I/O APIC%s, %s, %s", info.processor_count,
             info.processor_count == 1 ? "" : "s", info.ioapic_count,
             info.ioapic_count == 1 ? "" : "s", info.hpet_address != 0 ? "HPET" : "no HPET",
             info.pm_timer_port != 0 ? "PM timer" : "no PM timer");
}
