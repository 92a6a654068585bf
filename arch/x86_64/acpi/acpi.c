/*
 * From the RSDP to the tables: root table (XSDT, else RSDT), one look at each table it lists. There
 * is no recursion to fall into: a root table's entries are only compared with four signatures.
 */
#include "arch/x86_64/acpi/acpi.h"

#include "arch/x86_64/acpi/acpi_tables.h"
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
 * A machine without tables is taken to be wired like every PC of that age: line 0, the timer, at
 * pin 2 of the one I/O APIC (MultiProcessor Specification 1.4, 3.6.2.3 and 5.3).
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

/* One table of the root's list. The first of its kind counts. */
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

int acpi_parse(const struct physical_reader *reader, const uint8_t *rsdp, unsigned rsdp_bytes,
               struct acpi_info *out)
{
    const uint8_t *root = NULL;
    uint32_t bytes, entry_bytes = 8;

    info_reset(out);
    if (!acpi_rsdp_valid(rsdp, rsdp_bytes)) {
        log_warn("acpi: the RSDP (%u bytes) has a wrong signature, length or checksum", rsdp_bytes);
        return ERROR_CORRUPT;
    }
    if (rsdp[15] >= 2 && bytes_read_64(rsdp + 24) != 0) {
        root = acpi_table_map(reader, bytes_read_64(rsdp + 24), "XSDT", &bytes);
    }
    if (root == NULL) {
        root = acpi_table_map(reader, bytes_read_32(rsdp + 16), "RSDT", &bytes);
        entry_bytes = 4;
    }
    if (root == NULL) {
        log_warn("acpi: there is no root table to be read");
        return ERROR_NOT_FOUND;
    }
    if ((bytes - ACPI_HEADER_BYTES) % entry_bytes != 0) {
        log_warn("acpi: the last entry of the %.4s is cut off", (const char *)root);
    }
    out->present = true;
    for (uint32_t at = ACPI_HEADER_BYTES; at + entry_bytes <= bytes; at += entry_bytes) {
        table_parse(reader, entry_bytes == 8 ? bytes_read_64(root + at) : bytes_read_32(root + at),
                    out);
    }
    return OK;
}

/* Looks at each 16-byte boundary of [base, base + bytes). */
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

/* ACPI 5.2.5.1: the first KiB of the extended BIOS data area, then the BIOS's 128 KiB. */
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
    int error = ERROR_NOT_FOUND;

    if (rsdp_bytes != 0) {
        error = acpi_parse(&physical_reader_boot, rsdp, rsdp_bytes, &info);
    }
    if (error != OK && acpi_search(&physical_reader_boot, found, &rsdp_bytes) == OK) {
        error = acpi_parse(&physical_reader_boot, found, rsdp_bytes, &info);
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
