/* Distances between domains of memory by ACPI's SLIT: sound tables, and all that must be refused. */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/acpi/acpi_tables.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/firmware_image.h"
#include "tests/test.h"

#define IMAGE_BASE  0x7f000000
#define IMAGE_BYTES 4096
#define COUNT       36 /* offset of the number of domains */
#define DISTANCES   44

static uint8_t memory[IMAGE_BYTES];
static struct firmware_image image;
static struct acpi_info result;

/* A SLIT of three domains: the distance from i to j is 10 (i == j), else 20 + 10 * i + j. */
static physical_t slit_make(void)
{
    physical_t table = firmware_table_begin(&image, "SLIT", 1);
    firmware_put(&image, 3, 8);
    for (unsigned from = 0; from < 3; from++) {
        for (unsigned to = 0; to < 3; to++) {
            firmware_put(&image, from == to ? 10 : 20 + 10 * from + to, 1);
        }
    }
    firmware_table_end(&image, table);
    return table;
}

#define SLIT_BYTES (DISTANCES + 9)

/* Domains that the SRAT calls 2 and 0. */
static uint8_t *begin(void)
{
    firmware_image_init(&image, memory, IMAGE_BYTES, IMAGE_BASE);
    memset(&result, 0, sizeof(result));
    result.affinity.domain_count = 2;
    result.affinity.names[0] = 2;
    return firmware_at(&image, slit_make());
}

static bool is_known(uint8_t *table, uint32_t bytes)
{
    acpi_slit_parse(table, bytes, &result);
    test_check(result.slit_present);
    test_equal(result.affinity.domain_count, 2); /* whatever the SLIT says */
    bool any = false;
    for (unsigned i = 0; i < ACPI_DOMAIN_MAX * ACPI_DOMAIN_MAX; i++) {
        any |= result.affinity.distances[i / ACPI_DOMAIN_MAX][i % ACPI_DOMAIN_MAX] != 0;
    }
    return any;
}

TEST(SLT0001, "a sound SLIT is read: the distance between two domains by their numbers in the SRAT",
     ALWAYS)
{
    uint8_t *table = begin();
    test_check(is_known(table, SLIT_BYTES));
    test_equal(result.affinity.distances[0][0], 10);
    test_equal(result.affinity.distances[1][1], 10);
    test_equal(result.affinity.distances[0][1], 20 + 10 * 2 + 0);
    test_equal(result.affinity.distances[1][0], 20 + 10 * 0 + 2);
}

TEST(SLT0002, "a SLIT that is cut off, or has more domains than bytes, is refused as a whole",
     ALWAYS)
{
    static const uint64_t counts[] = {0, 4, 0x10000, 1UL << 32, ~0UL};
    test_check(!is_known(begin(), DISTANCES - 1));
    test_check(!is_known(begin(), DISTANCES));
    test_check(!is_known(begin(), SLIT_BYTES - 1));
    for (unsigned i = 0; i < array_length(counts); i++) {
        uint8_t *table = begin();
        memcpy(table + COUNT, &counts[i], 8);
        test_check(!is_known(table, SLIT_BYTES));
    }
}

TEST(SLT0003, "a SLIT with an impossible distance, also of domains that nobody has, is refused",
     ALWAYS)
{
    static const struct {
        unsigned at;
        uint8_t distance;
    } wrong[] = {{0, 11}, {0, 0}, {4, 20}, {8, 9}, {1, 9}, {5, 0}, {6, 1}};
    for (unsigned i = 0; i < array_length(wrong); i++) {
        uint8_t *table = begin();
        table[DISTANCES + wrong[i].at] = wrong[i].distance;
        test_check(!is_known(table, SLIT_BYTES));
    }
    uint8_t *table = begin();
    table[DISTANCES + 6] = 255; /* there is no way from 2 to 0 */
    test_check(is_known(table, SLIT_BYTES));
    test_equal(result.affinity.distances[0][1], 255);
}

TEST(SLT0004, "a SLIT that lacks a domain of the SRAT is refused", ALWAYS)
{
    uint8_t *table = begin();
    result.affinity.names[1] = 3;
    test_check(!is_known(table, SLIT_BYTES));
    begin();
    result.affinity.names[0] = UINT32_MAX;
    test_check(!is_known(table, SLIT_BYTES));
}

/* Offsets in the SRAT of firmware_machine(): the domain's number in each entry. */
#define MEMORY_EVEN 48
#define MEMORY_ODD  (MEMORY_EVEN + 40)
#define PROCESSOR_0 (MEMORY_ODD + 40)
#define PROCESSOR_1 (PROCESSOR_0 + 16)

TEST(SLT0005, "a SLIT is read wherever the root table lists it, ahead of the SRAT, too", ALWAYS)
{
    firmware_image_init(&image, memory, IMAGE_BYTES, IMAGE_BASE);
    struct firmware_machine machine = firmware_machine(&image, 2);
    uint8_t *srat = firmware_at(&image, machine.srat);
    memset(srat + MEMORY_EVEN + 2, 0, 4);
    memset(srat + MEMORY_ODD + 2, 0, 4);
    srat[MEMORY_ODD + 2] = 1;
    srat[PROCESSOR_0 + 2] = 0;
    memset(srat + PROCESSOR_0 + 8, 0, 4);
    memset(srat + PROCESSOR_1 + 4, 0, 4);
    srat[PROCESSOR_1 + 4] = 1;
    firmware_table_seal(&image, machine.srat);
    physical_t slit = slit_make();
    memcpy(firmware_at(&image, machine.xsdt) + 36 + 2 * 8, &slit, 8); /* in place of the HPET */
    firmware_table_seal(&image, machine.xsdt);

    struct physical_reader reader = firmware_reader(&image);
    test_equal(acpi_parse(&reader, firmware_at(&image, machine.rsdp), 36, 0, &result), OK);
    test_equal(result.affinity.domain_count, 2);
    test_equal(result.affinity.distances[0][1], 21);
    test_equal(result.affinity.distances[1][0], 30);
}
