/* Domains of memory by ACPI's SRAT: sound tables, and all that must be refused. */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/acpi/acpi_tables.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/firmware_image.h"
#include "tests/test.h"

#define IMAGE_BASE  0x7f000000
#define IMAGE_BYTES 4096
#define PROCESSORS  4

/* Offsets in the table that firmware_machine() makes. */
#define MEMORY_EVEN 48
#define MEMORY_ODD  (MEMORY_EVEN + 40)
#define PROCESSOR_0 (MEMORY_ODD + 40)  /* of 16 bytes */
#define PROCESSOR_1 (PROCESSOR_0 + 16) /* of 24 bytes */
#define PROCESSOR_2 (PROCESSOR_1 + 24)

static uint8_t memory[IMAGE_BYTES];
static struct firmware_image image;
static struct firmware_machine machine;
static struct acpi_info result;

static uint8_t *machine_make(void)
{
    firmware_image_init(&image, memory, IMAGE_BYTES, IMAGE_BASE);
    machine = firmware_machine(&image, PROCESSORS);
    return firmware_at(&image, machine.srat);
}

static const struct acpi_affinity *machine_parse(void)
{
    struct physical_reader reader = firmware_reader(&image);

    firmware_table_seal(&image, machine.srat);
    test_equal(acpi_parse(&reader, firmware_at(&image, machine.rsdp), 36, 0, &result), OK);
    test_equal(result.processor_count, PROCESSORS); /* whatever the SRAT says */
    return &result.affinity;
}

/* Checks that the table is refused as a whole: no domain is known. */
static void refused(void)
{
    static const struct acpi_affinity nothing;

    test_equal(memcmp(machine_parse(), &nothing, sizeof(nothing)), 0);
}

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
    memcpy(at, &value, bytes);
}

TEST(SRT0001,
     "a sound SRAT is read: domains of any number, processors of both kinds, memory by range",
     ALWAYS)
{
    machine_make();
    const struct acpi_affinity *found = machine_parse();

    test_equal(found->domain_count, 2);
    test_equal(found->names[0], FIRMWARE_DOMAIN_EVEN);
    test_equal(found->names[1], FIRMWARE_DOMAIN_ODD);
    test_equal(found->range_count, 2);
    test_equal(found->ranges[0].base, 0);
    test_equal(found->ranges[0].bytes, 16 << 20);
    test_equal(found->ranges[0].domain, 0);
    test_equal(found->ranges[1].base, 16 << 20);
    test_equal(found->ranges[1].domain, 1);
    test_equal(found->processor_count, PROCESSORS);
    for (unsigned i = 0; i < PROCESSORS; i++) {
        test_equal(found->processors[i].apic_id, i);
        test_equal(found->processors[i].domain, i % 2);
    }
}

TEST(SRT0002, "entries that are disabled, empty or of an unknown type are ignored", ALWAYS)
{
    uint8_t *table = machine_make();
    put(table + PROCESSOR_0 + 4, 0, 4);
    put(table + MEMORY_ODD + 16, 0, 8);
    table[PROCESSOR_2] = 77;
    const struct acpi_affinity *found = machine_parse();
    test_equal(found->range_count, 1);
    test_equal(found->processor_count, PROCESSORS - 2);

    table = machine_make();
    put(table + MEMORY_EVEN + 28, 0, 4);
    put(table + MEMORY_ODD + 28, 0, 4);
    refused(); /* no memory at all is left */
}

TEST(SRT0003, "a SRAT with an entry of no length, too short or cut off is refused as a whole",
     ALWAYS)
{
    static const struct {
        unsigned at, length;
    } wrong[] = {
        {MEMORY_EVEN, 0},  {MEMORY_EVEN, 1},  {MEMORY_EVEN, 39},  {MEMORY_EVEN, 255},
        {PROCESSOR_0, 15}, {PROCESSOR_1, 23}, {PROCESSOR_1, 255},
    };

    for (unsigned i = 0; i < array_length(wrong); i++) {
        machine_make()[wrong[i].at + 1] = (uint8_t)wrong[i].length;
        refused();
    }
    put(machine_make() + 4, 47, 4); /* the table itself is shorter than its fixed part */
    refused();
    put(machine_make() + 4, PROCESSOR_1 + 1, 4); /* ends in the middle of an entry's head */
    refused();
}

TEST(SRT0004, "memory in two domains, or beyond the last address, is refused as a whole", ALWAYS)
{
    put(machine_make() + MEMORY_ODD + 8, (16UL << 20) - 1, 8); /* one byte of the other's */
    refused();
    put(machine_make() + MEMORY_ODD + 8, 0, 8); /* has the other one in it */
    refused();
    put(machine_make() + MEMORY_ODD + 16, ~0UL - (16UL << 20) + 2, 8);
    refused();
    put(machine_make() + MEMORY_EVEN + 16, ~0UL, 8);
    refused();
    /* A range to the very last byte is sound. */
    uint8_t *table = machine_make();
    put(table + MEMORY_ODD + 16, ~0UL - (16UL << 20), 8);
    test_equal(machine_parse()->domain_count, 2);
    /* A domain's own ranges may overlap. */
    put(machine_make() + MEMORY_ODD + 2, FIRMWARE_DOMAIN_EVEN, 4);
    test_equal(machine_parse()->range_count, 2);
}

TEST(SRT0005, "a processor in two domains, or more domains than there is room for, is refused",
     ALWAYS)
{
    uint8_t *table = machine_make();
    table[PROCESSOR_2 + 3] = 1; /* the odd domain's processor, listed again in the even one */
    refused();

    table = machine_make();
    table[PROCESSOR_2 + 3] = 0; /* twice in the same domain is sound */
    test_equal(machine_parse()->processor_count, PROCESSORS - 1);

    machine_make();
    image.used = (uint32_t)(machine.srat - image.base); /* drops the tables after it */
    machine.srat = firmware_table_begin(&image, "SRAT", 3);
    firmware_put(&image, 1, 4);
    firmware_put(&image, 0, 8);
    for (unsigned i = 0; i <= ACPI_DOMAIN_MAX; i++) {
        firmware_put(&image, 0x2801, 2);
        firmware_put(&image, 100 + i, 4);
        firmware_put(&image, 0, 2);
        firmware_put(&image, i << 20, 8);
        firmware_put(&image, 1 << 20, 8);
        firmware_put(&image, 0, 4);
        firmware_put(&image, 1, 4);
        firmware_put(&image, 0, 8);
    }
    firmware_table_end(&image, machine.srat);
    static struct acpi_info apart;
    memset(&apart, 0, sizeof(apart));
    acpi_srat_parse(firmware_at(&image, machine.srat), 48 + 40 * (ACPI_DOMAIN_MAX + 1), &apart);
    test_equal(apart.affinity.domain_count, 0);
    acpi_srat_parse(firmware_at(&image, machine.srat), 48 + 40 * ACPI_DOMAIN_MAX, &apart);
    test_equal(apart.affinity.domain_count, ACPI_DOMAIN_MAX);
}
