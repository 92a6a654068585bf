/* Writes tables of bytes. See firmware_image.h. */
#include "tests/support/firmware_image.h"

#include "lib/bytes.h"
#include "lib/string.h"

void firmware_image_init(struct firmware_image *image, uint8_t *memory, uint32_t size,
                         physical_t base)
{
    *image = (struct firmware_image){.memory = memory, .base = base, .size = size};
    memset(memory, 0, size);
}

static const void *image_map(void *context, physical_t address, uint64_t bytes)
{
    struct firmware_image *image = context;

    if (address < image->base || address - image->base > image->size ||
        bytes > image->size - (address - image->base)) {
        return NULL;
    }
    return image->memory + (address - image->base);
}

struct physical_reader firmware_reader(struct firmware_image *image)
{
    return (struct physical_reader){.map = image_map, .context = image};
}

physical_t firmware_here(const struct firmware_image *image)
{
    return image->base + image->used;
}

uint8_t *firmware_at(const struct firmware_image *image, physical_t address)
{
    return image->memory + (address - image->base);
}

void firmware_put_bytes(struct firmware_image *image, const void *from, uint32_t bytes)
{
    if (bytes != 0 && bytes <= image->size - image->used) {
        memcpy(image->memory + image->used, from, bytes);
        image->used += bytes;
    }
}

void firmware_put(struct firmware_image *image, uint64_t value, unsigned bytes)
{
    firmware_put_bytes(image, &value, bytes);
}

void firmware_align(struct firmware_image *image, uint32_t alignment)
{
    while (image->used % alignment != 0 && image->used < image->size) {
        image->used++;
    }
}

physical_t firmware_table_begin(struct firmware_image *image, const char *signature,
                                uint8_t revision)
{
    firmware_align(image, 16);
    physical_t table = firmware_here(image);
    firmware_put_bytes(image, signature, 4);
    firmware_put(image, 0, 4);
    firmware_put(image, revision, 1);
    firmware_put(image, 0, 1);
    firmware_put_bytes(image, "STALACTITE TEST           ", 26);
    return table;
}

void firmware_table_seal(struct firmware_image *image, physical_t table)
{
    uint8_t *at = firmware_at(image, table);

    at[9] = 0;
    at[9] = (uint8_t)-bytes_sum(at, bytes_read_32(at + 4));
}

void firmware_table_end(struct firmware_image *image, physical_t table)
{
    uint32_t bytes = (uint32_t)(firmware_here(image) - table);

    memcpy(firmware_at(image, table) + 4, &bytes, sizeof(bytes));
    firmware_table_seal(image, table);
}

static physical_t dsdt_make(struct firmware_image *image)
{
    /* Name (_S5, Package (4) {5, 6, 0, 0}), after a name that only looks like it. */
    static const uint8_t aml[] = {0x10, '_',  'S', '5',  '_', 0x08, '_', 'S',  '5', '_',
                                  0x12, 0x08, 4,   0x0a, 5,   0x0a, 6,   0x00, 0x00};
    physical_t table = firmware_table_begin(image, "DSDT", 2);

    firmware_put_bytes(image, aml, sizeof(aml));
    firmware_table_end(image, table);
    return table;
}

static physical_t fadt_make(struct firmware_image *image, physical_t dsdt)
{
    static uint8_t body[244 - 36]; /* offsets below count from the table's start, less its header */
    physical_t table = firmware_table_begin(image, "FACP", 3);
    uint32_t dsdt_32 = (uint32_t)dsdt, flags = 1U << 8 | 1U << 10;

    memset(body, 0, sizeof(body));
    memcpy(body + 40 - 36, &dsdt_32, 4);
    body[64 - 36] = 0x04, body[65 - 36] = 0x06; /* PM1a control: 0x604 */
    body[76 - 36] = 0x08, body[77 - 36] = 0x06; /* PM timer: 0x608 */
    body[91 - 36] = 4;
    body[109 - 36] = 2; /* there is an 8042 */
    memcpy(body + 112 - 36, &flags, 4);
    body[116 - 36] = 1, body[117 - 36] = 8; /* reset register: a port of 8 bits */
    body[120 - 36] = 0xf9, body[121 - 36] = 0x0c;
    body[128 - 36] = 0x0f;
    firmware_put_bytes(image, body, sizeof(body));
    firmware_table_end(image, table);
    return table;
}

static void lapic_put(struct firmware_image *image, uint8_t id, uint32_t flags)
{
    firmware_put(image, 0x0800, 2);
    firmware_put(image, id, 1);
    firmware_put(image, id, 1);
    firmware_put(image, flags, 4);
}

static void override_put(struct firmware_image *image, uint8_t line, uint32_t gsi, uint16_t flags)
{
    firmware_put(image, 0x0a02, 2);
    firmware_put(image, 0, 1);
    firmware_put(image, line, 1);
    firmware_put(image, gsi, 4);
    firmware_put(image, flags, 2);
}

static physical_t madt_make(struct firmware_image *image, unsigned processors)
{
    physical_t table = firmware_table_begin(image, "APIC", 3);

    firmware_put(image, 0xfee00000, 4);
    firmware_put(image, 1, 4);
    firmware_put(image, 0x0604, 2); /* pin 1 of all processors is the NMI, before any of them */
    firmware_put(image, 0xff, 1);
    firmware_put(image, 0, 2);
    firmware_put(image, 1, 1);
    for (unsigned i = 0; i < processors; i++) {
        lapic_put(image, (uint8_t)i, 1);
    }
    lapic_put(image, 200, 0);
    firmware_put(image, 0x0c01, 2);
    firmware_put(image, 7, 2);
    firmware_put(image, 0xfec00000, 4);
    firmware_put(image, 0, 4);
    override_put(image, 0, 2, 0);
    override_put(image, 9, 9, 0xf);
    firmware_table_end(image, table);
    return table;
}

static physical_t hpet_make(struct firmware_image *image)
{
    physical_t table = firmware_table_begin(image, "HPET", 1);

    firmware_put(image, 0x8086a201, 4);
    firmware_put(image, 0, 4); /* in memory */
    firmware_put(image, 0xfed00000, 8);
    firmware_put(image, 0, 4);
    firmware_table_end(image, table);
    return table;
}

static void numa_node_memory_put(struct firmware_image *image, uint32_t name, physical_t base,
                                 uint64_t bytes)
{
    firmware_put(image, 0x2801, 2);
    firmware_put(image, name, 4);
    firmware_put(image, 0, 2);
    firmware_put(image, base, 8);
    firmware_put(image, bytes, 8);
    firmware_put(image, 0, 4);
    firmware_put(image, 1, 4); /* enabled */
    firmware_put(image, 0, 8);
}

static physical_t srat_make(struct firmware_image *image, unsigned processors)
{
    physical_t table = firmware_table_begin(image, "SRAT", 3);

    firmware_put(image, 1, 4);
    firmware_put(image, 0, 8);
    numa_node_memory_put(image, FIRMWARE_DOMAIN_EVEN, 0, 16UL << 20);
    numa_node_memory_put(image, FIRMWARE_DOMAIN_ODD, 16UL << 20, 48UL << 20);
    for (unsigned i = 0; i < processors; i++) {
        if (i % 2 == 0) {
            firmware_put(image, 0x1000, 2);
            firmware_put(image, FIRMWARE_DOMAIN_EVEN & 0xff, 1);
            firmware_put(image, i, 1);
            firmware_put(image, 1, 4);
            firmware_put(image, FIRMWARE_DOMAIN_EVEN & 0xffffff00, 4);
            firmware_put(image, 0, 4);
        } else {
            firmware_put(image, 0x1802, 2);
            firmware_put(image, 0, 2);
            firmware_put(image, FIRMWARE_DOMAIN_ODD, 4);
            firmware_put(image, i, 4);
            firmware_put(image, 1, 4);
            firmware_put(image, 0, 8);
        }
    }
    firmware_table_end(image, table);
    return table;
}

static physical_t root_make(struct firmware_image *image, const char *signature, unsigned bytes,
                            const struct firmware_machine *machine)
{
    physical_t table = firmware_table_begin(image, signature, 1);

    firmware_put(image, machine->madt, bytes);
    firmware_put(image, machine->fadt, bytes);
    firmware_put(image, machine->hpet, bytes);
    firmware_put(image, machine->srat, bytes);
    firmware_table_end(image, table);
    return table;
}

struct firmware_machine firmware_machine(struct firmware_image *image, unsigned processors)
{
    struct firmware_machine machine;

    machine.dsdt = dsdt_make(image);
    machine.fadt = fadt_make(image, machine.dsdt);
    machine.madt = madt_make(image, processors);
    machine.hpet = hpet_make(image);
    machine.srat = srat_make(image, processors);
    machine.rsdt = root_make(image, "RSDT", 4, &machine);
    machine.xsdt = root_make(image, "XSDT", 8, &machine);
    firmware_align(image, 16);
    machine.rsdp = firmware_here(image);
    firmware_put_bytes(image, "RSD PTR ", 8);
    firmware_put(image, 0, 1);
    firmware_put_bytes(image, "STALAC", 6);
    firmware_put(image, 2, 1);
    firmware_put(image, machine.rsdt, 4);
    firmware_put(image, 36, 4);
    firmware_put(image, machine.xsdt, 8);
    firmware_put(image, 0, 4);
    uint8_t *rsdp = firmware_at(image, machine.rsdp);
    rsdp[8] = (uint8_t)-bytes_sum(rsdp, 20);
    rsdp[32] = (uint8_t)-bytes_sum(rsdp, 36);
    return machine;
}
