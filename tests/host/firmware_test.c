/*
 * The parsers of boot information and ACPI tables, with damaged bytes. However the bytes are
 * damaged, the parsers end, and read nothing but what they asked for. Each piece that a parser asks
 * for is a copy of exactly that size, so the address sanitizer sees a single byte too many.
 */
#include <stdlib.h>

#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/acpi/acpi_tables.h"
#include "arch/x86_64/cpu/panic.h"
#include "boot/boot_info.h"
#include "lib/bytes.h"
#include "lib/error.h"
#include "tests/host/host.h"
#include "tests/support/firmware_image.h"

#define IMAGE_BASE   0x7f000000
#define IMAGE_BYTES  4096
#define ROUNDS       20000
#define PIECES_LIMIT 4096 /* a parser that asks more often does not end */

char __kernel_end[1]; /* boot_info_read() is not called here */

static uint8_t memory[IMAGE_BYTES];
static struct firmware_image image;
static void *pieces[PIECES_LIMIT];
static unsigned piece_count;

static const void *map_copy(void *context, physical_t address, uint64_t bytes)
{
    struct physical_reader inner = firmware_reader(context);
    const void *from = physical_read(&inner, address, bytes);

    if (from == NULL) {
        return NULL;
    }
    if (piece_count == PIECES_LIMIT) {
        panic("the parser does not end");
    }
    void *copy = malloc(bytes);
    __builtin_memcpy(copy, from, bytes);
    pieces[piece_count++] = copy;
    return copy;
}

static const struct physical_reader reader = {.map = map_copy, .context = &image};

static void pieces_free(void)
{
    while (piece_count > 0) {
        free(pieces[--piece_count]);
    }
}

/* Gives up to eight bytes anywhere in the image a boundary value or any other value. */
static void damage(void)
{
    static const uint8_t nasty[] = {0, 1, 2, 7, 8, 0x7f, 0x80, 0xfe, 0xff};

    for (uint64_t left = 1 + host_random_below(8); left > 0; left--) {
        uint8_t *at = &memory[host_random_below(image.used)];
        *at = host_random_below(2) == 0 ? nasty[host_random_below(sizeof(nasty))]
                                        : (uint8_t)host_random();
    }
}

/* Corrects a checksum by the length in the table, only where that is still within the image. */
static void seal(physical_t table)
{
    uint32_t bytes = bytes_read_32(firmware_at(&image, table) + 4);

    if (bytes >= 36 && bytes <= image.size - (table - image.base)) {
        firmware_table_seal(&image, table);
    }
}

static void check_counts(const struct acpi_info *result)
{
    host_check(result->processor_count <= CPU_MAX);
    host_check(result->ioapic_count <= ACPI_IOAPIC_MAX);
    for (unsigned i = 0; i < result->processor_count; i++) {
        host_check(result->processors[i].nmi_lint <= 1);
    }
    const struct acpi_affinity *affinity = &result->affinity;
    host_check(affinity->domain_count <= ACPI_DOMAIN_MAX);
    host_check(affinity->range_count <= ACPI_DOMAIN_RANGE_MAX);
    host_check(affinity->processor_count <= CPU_MAX);
    host_check((affinity->domain_count == 0) == (affinity->range_count == 0));
    for (unsigned i = 0; i < affinity->range_count; i++) {
        const struct acpi_domain_range *range = &affinity->ranges[i];
        host_check(range->domain < affinity->domain_count);
        host_check(range->bytes != 0 && range->base + range->bytes >= range->base);
    }
    for (unsigned i = 0; i < affinity->processor_count; i++) {
        host_check(affinity->processors[i].domain < affinity->domain_count);
    }
    host_check(!result->s5_known || (result->s5_type_a < 8 && result->s5_type_b < 8));
}

HOST_TEST(HFW0001, "no damaged ACPI table with a correct checksum leads a parser out of its bounds")
{
    static struct acpi_info result;

    for (unsigned round = 0; round < ROUNDS; round++) {
        firmware_image_init(&image, memory, IMAGE_BYTES, IMAGE_BASE);
        struct firmware_machine machine = firmware_machine(&image, 5);
        uint8_t rsdp[36];
        __builtin_memcpy(rsdp, firmware_at(&image, machine.rsdp), sizeof(rsdp));
        damage();
        seal(machine.dsdt);
        seal(machine.fadt);
        seal(machine.madt);
        seal(machine.hpet);
        seal(machine.srat);
        seal(machine.rsdt);
        seal(machine.xsdt);
        int error = acpi_parse(&reader, rsdp, sizeof(rsdp), 0, &result);
        host_check(error == OK || error == ERROR_NOT_FOUND);
        check_counts(&result);
        pieces_free();
    }
}

HOST_TEST(HFW0002, "no RSDP is found in random bytes, and the search ends")
{
    static struct acpi_info result;
    uint8_t rsdp[36];

    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < sizeof(rsdp); i++) {
            rsdp[i] = (uint8_t)host_random();
        }
        unsigned bytes = (unsigned)host_random_below(37);
        host_equal(acpi_parse(&reader, rsdp, bytes, 0, &result), ERROR_CORRUPT);
    }
}

/* Low memory with one RSDP. */
static uint8_t low[0x100000];

static const void *map_low(void *context maybe_unused, physical_t address, uint64_t bytes)
{
    return address <= sizeof(low) && bytes <= sizeof(low) - address ? low + address : NULL;
}

HOST_TEST(HFW0003,
          "an RSDP is found in the extended BIOS data area and in the BIOS, and decoys are skipped")
{
    static const physical_t places[] = {0x9fc00, 0x9ffd0, 0xe0000, 0xf1230, 0xfffd0};
    const struct physical_reader low_reader = {.map = map_low};
    uint8_t found[36];
    unsigned bytes;

    firmware_image_init(&image, memory, IMAGE_BYTES, IMAGE_BASE);
    struct firmware_machine machine = firmware_machine(&image, 1);
    for (unsigned i = 0; i < array_length(places); i++) {
        __builtin_memset(low, 0, sizeof(low));
        low[0x40e] = 0xc0;
        low[0x40f] = 0x9f;
        host_equal(acpi_search(&low_reader, found, &bytes), ERROR_NOT_FOUND);
        __builtin_memcpy(low + 0xe8000, "RSD PTR decoy", 13);
        __builtin_memcpy(low + places[i], firmware_at(&image, machine.rsdp), 36);
        host_equal(acpi_search(&low_reader, found, &bytes), OK);
        host_equal(bytes, 36);
        host_equal(__builtin_memcmp(found, low + places[i], 36), 0);
        low[places[i] + 20] ^= 1;
        host_equal(acpi_search(&low_reader, found, &bytes), ERROR_NOT_FOUND);
    }
}

static void tag_put(uint32_t type, const void *contents, uint32_t bytes)
{
    firmware_put(&image, type, 4);
    firmware_put(&image, bytes + 8, 4);
    firmware_put_bytes(&image, contents, bytes);
    firmware_align(&image, 8);
}

HOST_TEST(HFW0004, "no damaged Multiboot2 tag leads the parser out of its bounds")
{
    static struct boot_info result;
    uint8_t zeros[64] = {24};

    for (unsigned round = 0; round < ROUNDS; round++) {
        firmware_image_init(&image, memory, IMAGE_BYTES, IMAGE_BASE);
        firmware_put(&image, 0, 8);
        tag_put(1, "test=* exit=1", 14);
        tag_put(3, "\0\0\x20\0\0\0\x30\0module", 15);
        tag_put(4, zeros, 8);
        tag_put(6, zeros, 8 + 2 * 24);
        tag_put(8, zeros, 30);
        tag_put(14, "RSD PTR ............", 20);
        tag_put(15, zeros, 36);
        tag_put(0, NULL, 0);
        __builtin_memcpy(memory, &image.used, 4);
        damage();
        __builtin_memset(&result, 0, sizeof(result));
        int error = multiboot2_parse(&reader, IMAGE_BASE, &result);
        host_check(error == OK || error == ERROR_CORRUPT);
        host_check(result.module_count <= BOOT_MODULE_MAX);
        host_check(result.rsdp_bytes <= BOOT_RSDP_BYTES);
        pieces_free();
    }
}

HOST_TEST(HFW0005, "no damaged PVH information leads the parser out of its bounds")
{
    static struct boot_info result;

    for (unsigned round = 0; round < ROUNDS; round++) {
        firmware_image_init(&image, memory, IMAGE_BYTES, IMAGE_BASE);
        for (unsigned i = 0; i < 16; i++) {
            static const uint64_t start[16] = {BOOT_MAGIC_PVH | 1ULL << 32,
                                               1ULL << 32,
                                               IMAGE_BASE + 64,
                                               IMAGE_BASE + 100,
                                               IMAGE_BASE + 64,
                                               IMAGE_BASE + 64,
                                               1,
                                               0,
                                               0x200000,
                                               0x1000,
                                               1,
                                               0};
            firmware_put(&image, start[i], 8);
        }
        damage();
        __builtin_memset(&result, 0, sizeof(result));
        int error = pvh_parse(&reader, IMAGE_BASE, &result);
        host_check(error == OK || error == ERROR_CORRUPT);
        host_check(result.module_count <= BOOT_MODULE_MAX);
        pieces_free();
    }
}
