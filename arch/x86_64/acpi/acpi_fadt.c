/*
 * Parsers of the FADT (fixed hardware: reset, PM timer, power-off) and of the HPET table, and the
 * search for the sleep types of _S5 in the DSDT. The DSDT is a program in AML, and this kernel has
 * no interpreter for it. In practice _S5 is a constant package, so a search for its bytes finds it.
 * Source: ACPI 6.4, 5.2.9 (FADT), 5.2.3.2 (generic address), 20.2 (AML bytes), 7.4.2 (_S5); IA-PC
 * HPET specification 1.0a, 3.2.4.
 */
#include "arch/x86_64/acpi/acpi_tables.h"
#include "arch/x86_64/cpu/log.h"
#include "lib/bytes.h"
#include "lib/string.h"

#define FADT_BYTES_1 116 /* the FADT of ACPI 1.0, the shortest */

enum fadt_offset {
    FADT_DSDT = 40,
    FADT_PM1A_CONTROL = 64,
    FADT_PM1B_CONTROL = 68,
    FADT_PM_TIMER = 76,
    FADT_PM_TIMER_BYTES = 91,
    FADT_BOOT_FLAGS = 109,
    FADT_FLAGS = 112,
    FADT_RESET = 116,
    FADT_RESET_VALUE = 128,
    FADT_X_DSDT = 140,
    FADT_X_PM1A_CONTROL = 172,
    FADT_X_PM1B_CONTROL = 184,
    FADT_X_PM_TIMER = 208,
};

#define BOOT_FLAG_8042      (1U << 1)
#define FLAG_PM_TIMER_32    (1U << 8)
#define FLAG_RESET_REGISTER (1U << 10)
#define SPACE_MEMORY        0
#define SPACE_PORT          1

/*
 * Reads a generic address structure: space, width, offset and access size of one byte each, then an
 * address of 8 bytes. The result is not present unless it is a port or an address in memory.
 */
static struct acpi_register generic_address(const uint8_t *at)
{
    struct acpi_register result = {.address = bytes_read_64(at + 4)};

    result.in_memory = at[0] == SPACE_MEMORY;
    result.present = result.address != 0 && (at[0] == SPACE_MEMORY || at[0] == SPACE_PORT) &&
                     (result.in_memory || result.address <= 0xffff);
    return result;
}

/*
 * Returns the port in the 32-bit field at offset `old`. If that holds no port, returns the port of
 * the generic address at offset `newer`, or 0 if there is none either.
 */
static uint16_t port_read(const uint8_t *table, uint32_t bytes, uint32_t old, uint32_t newer)
{
    uint32_t port = bytes_read_32(table + old);

    if ((port == 0 || port > 0xffff) && bytes >= newer + 12) {
        struct acpi_register address = generic_address(table + newer);
        port = address.present && !address.in_memory ? (uint32_t)address.address : 0;
    }
    return port <= 0xffff ? (uint16_t)port : 0;
}

/*
 * Stores the low byte of the constant integer at aml[*at] and advances *at past the integer.
 * Returns false if there is no integer.
 */
static bool aml_integer(const uint8_t *aml, uint32_t bytes, uint32_t *at, uint8_t *value)
{
    if (*at >= bytes) {
        return false;
    }
    uint8_t opcode = aml[(*at)++];
    uint32_t width = 0;

    switch (opcode) {
    case 0x00: /* ZeroOp */
    case 0x01: /* OneOp */
        *value = opcode;
        return true;
    case 0x0a: /* byte */
        width = 1;
        break;
    case 0x0b: /* word */
        width = 2;
        break;
    case 0x0c: /* double word */
        width = 4;
        break;
    default:
        return false;
    }
    if (bytes - *at < width) {
        return false;
    }
    *value = aml[*at];
    *at += width;
    return true;
}

/*
 * Reads the package that follows a name _S5_: opcode, length field of 1 to 4 bytes, number of
 * elements, elements. The first two elements are the sleep types; one alone stands for both.
 * Returns false if this is not such a package.
 */
static bool s5_package(const uint8_t *aml, uint32_t bytes, uint32_t at, uint8_t *type_a,
                       uint8_t *type_b)
{
    if (bytes - at < 3 || aml[at] != 0x12) {
        return false;
    }
    at++;
    at += 1 + (aml[at] >> 6);
    if (at >= bytes || aml[at] < 1) {
        return false;
    }
    uint8_t elements = aml[at++];
    if (!aml_integer(aml, bytes, &at, type_a)) {
        return false;
    }
    *type_b = *type_a;
    bool whole = elements < 2 || aml_integer(aml, bytes, &at, type_b);
    return whole && *type_a < 8 && *type_b < 8;
}

bool acpi_s5_find(const uint8_t *aml, uint32_t bytes, uint8_t *type_a, uint8_t *type_b)
{
    for (uint32_t at = 1; at + 4 < bytes; at++) {
        bool named = memcmp(aml + at, "_S5_", 4) == 0 &&
                     (aml[at - 1] == 0x08 || (aml[at - 1] == '\\' && at >= 2 && aml[at - 2] == 8));
        if (named && s5_package(aml, bytes, at + 4, type_a, type_b)) {
            return true;
        }
    }
    return false;
}

/* Searches the DSDT at an address for _S5. Returns false if there is no valid DSDT. */
static bool dsdt_parse(const struct physical_reader *reader, physical_t address,
                       struct acpi_info *out)
{
    uint32_t bytes;
    const uint8_t *table = address != 0 ? acpi_table_map(reader, address, "DSDT", &bytes) : NULL;

    if (table != NULL) {
        out->s5_known = acpi_s5_find(table + ACPI_HEADER_BYTES, bytes - ACPI_HEADER_BYTES,
                                     &out->s5_type_a, &out->s5_type_b);
    }
    return table != NULL;
}

void acpi_fadt_parse(const struct physical_reader *reader, const uint8_t *table, uint32_t bytes,
                     struct acpi_info *out)
{
    if (bytes < FADT_BYTES_1) {
        log_warn("acpi: FADT of %u bytes is shorter than any version of it; left out", bytes);
        return;
    }
    uint32_t flags = bytes_read_32(table + FADT_FLAGS);
    uint8_t revision = table[8];

    out->fadt_present = true;
    out->pm1a_control_port = port_read(table, bytes, FADT_PM1A_CONTROL, FADT_X_PM1A_CONTROL);
    out->pm1b_control_port = port_read(table, bytes, FADT_PM1B_CONTROL, FADT_X_PM1B_CONTROL);
    if (table[FADT_PM_TIMER_BYTES] == 4) {
        out->pm_timer_port = port_read(table, bytes, FADT_PM_TIMER, FADT_X_PM_TIMER);
        out->pm_timer_32_bits = (flags & FLAG_PM_TIMER_32) != 0;
    }
    /* The boot flags exist from ACPI 2.0 (revision 3) on; before that, every PC has an 8042. */
    if (revision >= 3) {
        out->i8042_absent = (bytes_read_16(table + FADT_BOOT_FLAGS) & BOOT_FLAG_8042) == 0;
    }
    if ((flags & FLAG_RESET_REGISTER) != 0 && bytes > FADT_RESET_VALUE) {
        out->reset = generic_address(table + FADT_RESET);
        out->reset_value = table[FADT_RESET_VALUE];
    }
    /* The 64-bit address is used if it leads to a valid DSDT, else the 32-bit one. */
    physical_t newer = bytes >= FADT_X_DSDT + 8 ? bytes_read_64(table + FADT_X_DSDT) : 0;
    if (!dsdt_parse(reader, newer, out)) {
        (void)dsdt_parse(reader, bytes_read_32(table + FADT_DSDT), out);
    }
}

void acpi_hpet_parse(const uint8_t *table, uint32_t bytes, struct acpi_info *out)
{
    if (bytes < 56) {
        log_warn("acpi: HPET table of %u bytes is too short; left out", bytes);
        return;
    }
    struct acpi_register address = generic_address(table + 40);
    if (!address.present || !address.in_memory) {
        log_warn("acpi: the HPET table names no place in memory; left out");
        return;
    }
    out->hpet_address = address.address;
}
