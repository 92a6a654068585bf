/*
 * The ACPI parser with tables made by the test, sound and broken, and with the machine's. The
 * test's tables lie in an array; nothing here touches the tables that the kernel uses.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/acpi/acpi_tables.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/firmware_image.h"
#include "tests/test.h"

#define IMAGE_BASE  0x7f000000
#define IMAGE_BYTES 4096

static uint8_t memory[IMAGE_BYTES];
static struct firmware_image image;
static struct firmware_machine machine;
static struct acpi_info result;
static uint32_t boot_apic_id; /* of the processor that is said to run the boot */

static void machine_make(unsigned processors)
{
    boot_apic_id = 0;
    firmware_image_init(&image, memory, IMAGE_BYTES, IMAGE_BASE);
    machine = firmware_machine(&image, processors);
}

static int machine_parse(void)
{
    struct physical_reader reader = firmware_reader(&image);

    return acpi_parse(&reader, firmware_at(&image, machine.rsdp), 36, boot_apic_id, &result);
}

static void length_set(physical_t table, uint32_t bytes)
{
    memcpy(firmware_at(&image, table) + 4, &bytes, sizeof(bytes));
}

TEST(ACP0001,
     "sound tables are read: processors, I/O APIC, overrides, HPET, timer, reset, power off",
     ALWAYS)
{
    machine_make(3);
    test_equal(machine_parse(), OK);
    test_check(result.present && result.madt_present && result.fadt_present);
    test_equal(result.processor_count, 3);
    test_equal(result.processors[2].apic_id, 2);
    test_equal(result.processors[2].nmi_lint, 1);
    test_equal(result.ioapic_count, 1);
    test_equal(result.ioapics[0].address, 0xfec00000);
    test_equal(result.isa[0].gsi, 2);
    test_equal(result.isa[1].gsi, 1);
    test_equal(result.isa[9].flags, 0xf);
    test_equal(result.hpet_address, 0xfed00000);
    test_equal(result.pm_timer_port, 0x608);
    test_check(result.pm_timer_32_bits && !result.i8042_absent);
    test_check(result.reset.present && !result.reset.in_memory);
    test_equal(result.reset.address, 0xcf9);
    test_equal(result.reset_value, 0x0f);
    test_equal(result.pm1a_control_port, 0x604);
    test_check(result.s5_known);
    test_equal(result.s5_type_a, 5);
    test_equal(result.s5_type_b, 6);
}

TEST(ACP0002, "a wrong checksum drops that table alone, and without an XSDT the RSDT is read",
     ALWAYS)
{
    machine_make(2);
    firmware_at(&image, machine.hpet)[50] ^= 1;
    test_equal(machine_parse(), OK);
    test_equal(result.hpet_address, 0);
    test_equal(result.processor_count, 2);

    firmware_at(&image, machine.xsdt)[9] ^= 1;
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, 2);

    firmware_at(&image, machine.rsdt)[9] ^= 1;
    test_equal(machine_parse(), ERROR_NOT_FOUND);
    test_check(!result.present);

    firmware_at(&image, machine.rsdp)[33] ^= 1; /* covered by the long checksum only */
    test_equal(machine_parse(), ERROR_CORRUPT);
}

TEST(ACP0003, "a length of zero, beyond memory or of 4 GiB drops that table alone", ALWAYS)
{
    static const uint32_t lengths[] = {0, 35, IMAGE_BYTES + 1, 0xffffffff};

    for (unsigned i = 0; i < array_length(lengths); i++) {
        machine_make(2);
        length_set(machine.madt, lengths[i]);
        test_equal(machine_parse(), OK);
        test_check(!result.madt_present);
        test_equal(result.processor_count, 0);
        test_equal(result.hpet_address, 0xfed00000);
    }
    machine_make(2);
    length_set(machine.madt, 40); /* its fixed part is cut, with a correct checksum */
    firmware_table_seal(&image, machine.madt);
    test_equal(machine_parse(), OK);
    test_check(!result.madt_present);
}

TEST(ACP0004, "a MADT entry of length 0, or longer than the table, ends the table there", ALWAYS)
{
    static const uint8_t lengths[] = {0, 1, 255};

    for (unsigned i = 0; i < array_length(lengths); i++) {
        machine_make(3);
        /* 44 bytes, the NMI entry of 6, then processors of 8: this is the third one's length. */
        firmware_at(&image, machine.madt)[44 + 6 + 16 + 1] = lengths[i];
        firmware_table_seal(&image, machine.madt);
        test_equal(machine_parse(), OK);
        test_equal(result.processor_count, 2);
        test_equal(result.ioapic_count, 0);
    }
    machine_make(3);
    firmware_at(&image, machine.madt)[44 + 6 + 1] = 4; /* too short for a processor; skipped */
    firmware_table_seal(&image, machine.madt);
    test_equal(machine_parse(), OK);
    test_check(result.processor_count < 3);
}

TEST(ACP0005,
     "a root table that lists itself, zeros, and addresses out of memory is read to its end",
     ALWAYS)
{
    machine_make(1);
    struct firmware_machine wrong = machine;
    uint64_t entries[3] = {machine.xsdt, 0, 0xfffffffffffff000};

    memcpy(firmware_at(&image, wrong.xsdt) + 36, entries, sizeof(entries));
    firmware_table_seal(&image, wrong.xsdt);
    length_set(wrong.rsdt, 36); /* an RSDT without entries, which cannot help */
    firmware_table_seal(&image, wrong.rsdt);
    test_equal(machine_parse(), OK);
    test_check(result.present && !result.madt_present);
    test_equal(result.lapic_address, 0xfee00000);
}

TEST(ACP0006, "more processors than CPUs are counted, and one listed twice counts once", ALWAYS)
{
    machine_make(CPU_MAX + 5);
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, CPU_MAX);
    test_equal(result.processors_left_out, 5);

    machine_make(4);
    firmware_at(&image, machine.madt)[44 + 6 + 8 + 3] = 0; /* the second has the first one's id */
    firmware_table_seal(&image, machine.madt);
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, 3);
}

TEST(ACP0007, "the power-off package is found in any of its encodings, and never beyond the end",
     ALWAYS)
{
    static const uint8_t short_form[] = {0x08, '_', 'S', '5', '_', 0x12, 0x06, 4, 0x01, 0x00, 0};
    static const uint8_t root_name[] = {0x08, '\\', '_',  'S', '5', '_',  0x12, 0x48,
                                        0,    2,    0x0b, 7,   0,   0x0a, 3};
    uint8_t a, b;

    test_check(acpi_s5_find(short_form, sizeof(short_form), &a, &b));
    test_check(a == 1 && b == 0);
    test_check(acpi_s5_find(root_name, sizeof(root_name), &a, &b));
    test_check(a == 7 && b == 3);
    for (uint32_t bytes = 0; bytes < sizeof(root_name); bytes++) {
        test_check(!acpi_s5_find(root_name, bytes, &a, &b));
    }
}

TEST(ACP0008, "the machine's own tables are consistent, or it has none and runs on one CPU", ALWAYS)
{
    const struct acpi_info *own = acpi_info();

    if (!own->madt_present) {
        test_equal(cpu_online_count(), 1);
        return;
    }
    test_check(own->processor_count >= cpu_online_count());
    test_equal(own->lapic_address % PAGE_BYTES, 0);
    for (unsigned line = 0; line < ACPI_ISA_COUNT; line++) {
        test_check(own->isa[line].gsi < 240);
    }
}

/* Makes the XSDT list nothing: `bytes` of it are left, with entries of 0. */
static void xsdt_empty(uint32_t bytes)
{
    memset(firmware_at(&image, machine.xsdt) + 36, 0, bytes - 36);
    length_set(machine.xsdt, bytes);
    firmware_table_seal(&image, machine.xsdt);
}

TEST(ACP0009, "tables that the XSDT does not list, or lists damaged, are taken from the RSDT",
     ALWAYS)
{
    machine_make(2);
    xsdt_empty(36);
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, 2);
    test_check(result.s5_known);

    machine_make(2);
    xsdt_empty(36 + 4 * 8);
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, 2);
    test_equal(result.hpet_address, 0xfed00000);

    machine_make(2); /* the XSDT's second entry leads nowhere; the RSDT's is good */
    uint64_t nowhere = 0x12345000;
    memcpy(firmware_at(&image, machine.xsdt) + 36, &nowhere, sizeof(nowhere));
    firmware_table_seal(&image, machine.xsdt);
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, 2);
    test_check(result.fadt_present);
}

TEST(ACP0010, "processors with an id that addresses all are left out, as xAPIC and as x2APIC",
     ALWAYS)
{
    static const uint8_t x2apic_all[16] = {9, 16, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 3};

    machine_make(4);
    uint8_t *entries = firmware_at(&image, machine.madt) + 44 + 6; /* four processors of 8 bytes */
    memcpy(entries + 16, x2apic_all, sizeof(x2apic_all)); /* in place of the third and fourth */
    firmware_table_seal(&image, machine.madt);
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, 2);
    test_equal(result.processors_left_out, 1);

    machine_make(4);
    firmware_at(&image, machine.madt)[44 + 6 + 24 + 3] = 0xff;
    firmware_table_seal(&image, machine.madt);
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, 3);
}

TEST(ACP0011, "the boot processor is in the list though the MADT disables it or does not name it",
     ALWAYS)
{
    machine_make(3);
    boot_apic_id = 1;
    firmware_at(&image, machine.madt)[44 + 6 + 8 + 4] = 0; /* the second is not enabled */
    firmware_table_seal(&image, machine.madt);
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, 3);
    test_equal(result.processors[1].apic_id, 1);

    boot_apic_id = 77;
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, 3); /* 0 and 2, and the one that runs */
    test_equal(result.processors[2].apic_id, 77);
    test_equal(result.processors[2].nmi_lint, 1);

    machine_make(CPU_MAX + 1);
    boot_apic_id = 200;
    test_equal(machine_parse(), OK);
    test_equal(result.processor_count, CPU_MAX);
    test_equal(result.processors[CPU_MAX - 1].apic_id, 200);
    test_equal(result.processors_left_out, 2);
}

/* Writes both addresses of the DSDT into the FADT. */
static void dsdt_set(uint32_t older, uint64_t newer)
{
    memcpy(firmware_at(&image, machine.fadt) + 40, &older, sizeof(older));
    memcpy(firmware_at(&image, machine.fadt) + 140, &newer, sizeof(newer));
    firmware_table_seal(&image, machine.fadt);
}

TEST(ACP0012, "of the two addresses of the DSDT the one that leads to a DSDT holds", ALWAYS)
{
    static const uint64_t wrong[] = {0, 0x10, 0xdeadbeef, 0xffffffff};

    for (unsigned i = 0; i < array_length(wrong); i++) {
        machine_make(1);
        dsdt_set((uint32_t)wrong[i], machine.dsdt);
        test_equal(machine_parse(), OK);
        test_check(result.s5_known && result.s5_type_a == 5);
        dsdt_set((uint32_t)machine.dsdt, wrong[i]);
        test_equal(machine_parse(), OK);
        test_check(result.s5_known && result.s5_type_a == 5);
    }
    machine_make(1);
    dsdt_set((uint32_t)machine.hpet, machine.madt); /* tables, but not this one */
    test_equal(machine_parse(), OK);
    test_check(!result.s5_known);
}

TEST(ACP0013, "a power-off package that stands in an SSDT is found", ALWAYS)
{
    static const uint8_t s5[] = {0x08, 0x5c, 0x5f, 0x53, 0x35, 0x5f, 0x12, 0x08,
                                 0x04, 0x0a, 0x05, 0x0a, 0x05, 0x00, 0x00};

    for (unsigned of_xsdt = 0; of_xsdt < 2; of_xsdt++) {
        machine_make(1);
        physical_t ssdt = firmware_table_begin(&image, "SSDT", 1);
        firmware_put_bytes(&image, s5, sizeof(s5));
        firmware_table_end(&image, ssdt);
        firmware_at(&image, machine.dsdt)[0] = 'X'; /* no DSDT */
        /* In place of the last entry, the SRAT's. */
        memcpy(firmware_at(&image, machine.xsdt) + 36 + 3 * 8, &ssdt, of_xsdt ? 8 : 0);
        memcpy(firmware_at(&image, machine.rsdt) + 36 + 3 * 4, &ssdt, of_xsdt ? 0 : 4);
        firmware_table_seal(&image, machine.xsdt);
        firmware_table_seal(&image, machine.rsdt);
        if (!of_xsdt) {
            xsdt_empty(36);
        }
        test_equal(machine_parse(), OK);
        test_check(result.s5_known);
        test_equal(result.s5_type_a, 5);
        test_equal(result.s5_type_b, 5);
    }
}

TEST(ACP0014, "memory above 4 GiB can be asked for, and what no CPU has is refused", ALWAYS)
{
    const struct physical_reader *reader = &physical_reader_boot;

    test_check(physical_read(reader, 1UL << 52, 4) == NULL);
    test_check(physical_read(reader, UINT64_MAX - 3, 4) == NULL);
    test_check(physical_read(reader, 0x1000, UINT64_MAX) == NULL);
    test_check(physical_read(reader, 0x1000, 16) != NULL);
}
