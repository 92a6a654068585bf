/*
 * Parser of the SLIT: a header, the number of domains N, then N times N bytes, the distances from
 * each domain to each domain. The SRAT's number of a domain is its row and its column. A domain has
 * distance 10 to itself; 0 to 9 are reserved, and 255 means that there is no way. If any part is
 * malformed, the whole table is refused, and all distances are unknown. Source: ACPI 6.4, 5.2.17.
 */
#include "arch/x86_64/acpi/acpi_tables.h"
#include "arch/x86_64/cpu/log.h"
#include "lib/bytes.h"
#include "lib/string.h"

#define SLIT_COUNT_OFFSET     36
#define SLIT_DISTANCES_OFFSET 44

/* Returns NULL, or a string that says what is wrong with the table. */
static const char *table_check(const uint8_t *table, uint32_t bytes)
{
    uint64_t count = bytes >= SLIT_DISTANCES_OFFSET ? bytes_read_64(table + SLIT_COUNT_OFFSET) : 0;
    if (count == 0 || count > UINT16_MAX || count * count > bytes - SLIT_DISTANCES_OFFSET) {
        return "it is too short";
    }
    for (uint64_t from = 0; from < count; from++) {
        const uint8_t *row = table + SLIT_DISTANCES_OFFSET + from * count;
        if (row[from] != ACPI_DISTANCE_LOCAL) {
            return "a domain is not at distance 10 to itself";
        }
        for (uint64_t to = 0; to < count; to++) {
            if (row[to] < ACPI_DISTANCE_LOCAL) {
                return "a distance is below 10";
            }
        }
    }
    return NULL;
}

/* Stores the distances between the domains of the SRAT. Returns NULL or what is wrong. */
static const char *distances_take(const uint8_t *table, struct acpi_affinity *out)
{
    uint64_t count = bytes_read_64(table + SLIT_COUNT_OFFSET);
    for (unsigned from = 0; from < out->domain_count; from++) {
        for (unsigned to = 0; to < out->domain_count; to++) {
            if (out->names[from] >= count || out->names[to] >= count) {
                return "it lacks a domain of the SRAT";
            }
            out->distances[from][to] =
                table[SLIT_DISTANCES_OFFSET + out->names[from] * count + out->names[to]];
        }
    }
    return NULL;
}

void acpi_slit_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out)
{
    out->slit_present = true;
    const char *complaint = table_check(table, bytes);
    if (complaint == NULL) {
        complaint = distances_take(table, &out->affinity);
    }
    if (complaint != NULL) {
        log_warn("acpi: SLIT of %u bytes refused: %s; distances between domains are unknown", bytes,
                 complaint);
        memset(out->affinity.distances, 0, sizeof(out->affinity.distances));
    }
}
