/* The reader of physical memory on the boot page tables: it adds what these do not show. */
#include "arch/x86_64/acpi/physical_reader.h"
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/paging/paging.h"
#include "tests/host/host.h"

#define GIB (1UL << 30)

/* Physical memory: the top-level table at 0 (the faked CR3), the table of GiBs behind it. */
static uint64_t tables[2][512] aligned_to(PAGE_BYTES);

static void boot_tables_make(void)
{
    fake_memory = (unsigned char *)tables;
    tables[0][DIRECT_MAP_BASE >> 39 & 511] = PAGE_BYTES | PAGE_PRESENT;
    for (unsigned gib = 0; gib < 4; gib++) {
        tables[1][gib] = PAGE_PRESENT;
    }
}

static const void *read_at(physical_t address, uint64_t bytes)
{
    return physical_read(&physical_reader_boot, address, bytes);
}

HOST_TEST(HPR0001,
          "a table above 4 GiB is mapped, large page by large page, and below nothing is added")
{
    boot_tables_make();
    host_check(read_at(4 * GIB - 8, 8) == physical_to_virtual(4 * GIB - 8));
    host_equal(tables[1][4], 0);

    host_check(read_at(5 * GIB + 0x123456, 64) == physical_to_virtual(5 * GIB + 0x123456));
    host_equal(tables[1][4], 0);
    host_check(tables[1][5] & PAGE_PRESENT);
    const uint64_t *directory = physical_to_virtual(tables[1][5] - PAGE_PRESENT);
    for (uint64_t i = 0; i < 512; i++) {
        host_equal(directory[i], (5 * GIB + (i << 21)) | PAGE_PRESENT | PAGE_LARGE);
    }
}

HOST_TEST(HPR0002, "a table across two GiB maps both, and so many GiB and no more can be added")
{
    boot_tables_make();
    host_check(read_at(4 * GIB - 8, 16) != NULL);
    host_check(tables[1][4] & PAGE_PRESENT);
    host_check(read_at(7 * GIB - 8, 16) != NULL);
    host_check(tables[1][6] & PAGE_PRESENT && tables[1][7] & PAGE_PRESENT);
    host_check(read_at(9 * GIB, 16) != NULL);
    host_check(read_at(10 * GIB, 16) == NULL);
    host_check(read_at(9 * GIB + 8, 16) != NULL);
}

HOST_TEST(HPR0003, "addresses that the CPU or the direct map do not have cannot be read")
{
    boot_tables_make();
    host_check(read_at(DIRECT_MAP_BYTES, 1) == NULL);
    host_check(read_at(DIRECT_MAP_BYTES - 8, 16) == NULL);
    host_check(read_at(1UL << 40, 1) == NULL);
    host_check(read_at(UINT64_MAX, 1) == NULL);
    host_check(read_at(0, UINT64_MAX) == NULL);
}
