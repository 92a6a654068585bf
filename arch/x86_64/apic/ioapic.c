/* I/O APICs. Each has an index register, a data register, and two 32-bit words for each line. */
#include "arch/x86_64/apic/ioapic.h"

#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"

#define USUAL_ADDRESS 0xfec00000

#define INDEX 0 /* in 32-bit words from the base */
#define DATA  4

#define REGISTER_VERSION 1
#define REGISTER_LINE    0x10 /* two registers a line from here on */

#define DESTINATION_ALL 0xffU /* of the 8 bits of a destination; larger ids cannot be named */

#define LINE_ACTIVE_LOW (1U << 13)
#define LINE_LEVEL      (1U << 15)
#define LINE_MASKED     (1U << 16)

struct ioapic {
    volatile uint32_t *registers;
    uint32_t gsi_base;
    uint32_t lines;
};

static struct ioapic ioapics[ACPI_IOAPIC_MAX];
static unsigned ioapic_count;
static struct spinlock lock = SPINLOCK("I/O APIC"); /* of index and data registers */

static uint32_t register_read(const struct ioapic *ioapic, uint32_t index)
{
    ioapic->registers[INDEX] = index;
    return ioapic->registers[DATA];
}

static void register_write(const struct ioapic *ioapic, uint32_t index, uint32_t value)
{
    ioapic->registers[INDEX] = index;
    ioapic->registers[DATA] = value;
}

static void ioapic_add(physical_t address, uint32_t gsi_base)
{
    struct ioapic *ioapic = &ioapics[ioapic_count];

    ioapic->registers = mmio_map(address, 0x20);
    if (ioapic->registers == NULL) {
        return;
    }
    uint32_t version = register_read(ioapic, REGISTER_VERSION);
    ioapic->gsi_base = gsi_base;
    ioapic->lines = ((version >> 16) & 0xff) + 1;
    if (version == 0xffffffff || version == 0 || ioapic->lines > 240) {
        log_warn("ioapic: none answers at 0x%llx", (unsigned long long)address);
        return;
    }
    for (uint32_t line = 0; line < ioapic->lines; line++) {
        register_write(ioapic, REGISTER_LINE + 2 * line, LINE_MASKED);
        register_write(ioapic, REGISTER_LINE + 2 * line + 1, 0);
    }
    ioapic_count++;
    log_info("ioapic: interrupt inputs %u to %u, at 0x%llx", gsi_base, gsi_base + ioapic->lines - 1,
             (unsigned long long)address);
}

void ioapic_init(void)
{
    const struct acpi_info *acpi = acpi_info();

    for (unsigned i = 0; i < acpi->ioapic_count; i++) {
        ioapic_add(acpi->ioapics[i].address, acpi->ioapics[i].gsi_base);
    }
    if (!acpi->madt_present) {
        ioapic_add(USUAL_ADDRESS, 0);
    }
    if (ioapic_count == 0) {
        log_warn("ioapic: there is none; devices cannot interrupt");
    }
}

/* Returns the I/O APIC that serves a GSI, or a null pointer. */
static const struct ioapic *ioapic_find(uint32_t gsi)
{
    for (unsigned i = 0; i < ioapic_count; i++) {
        if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].lines) {
            return &ioapics[i];
        }
    }
    return NULL;
}

/* Routes a line. `how` is a sum of LINE_ACTIVE_LOW and LINE_LEVEL. */
static must_check int line_route(uint32_t gsi, uint32_t how, unsigned vector, unsigned cpu)
{
    const struct ioapic *ioapic = ioapic_find(gsi);
    if (ioapic == NULL) {
        return ERROR_NOT_FOUND;
    }
    uint32_t index = REGISTER_LINE + 2 * (gsi - ioapic->gsi_base);
    uint32_t id = lapic_id_of(cpu) < DESTINATION_ALL ? lapic_id_of(cpu) : lapic_id_of(0);
    if (id >= DESTINATION_ALL) {
        return ERROR_UNSUPPORTED;
    }
    uint64_t flags = spin_lock_irq_save(&lock);
    register_write(ioapic, index, LINE_MASKED);
    register_write(ioapic, index + 1, id << 24);
    register_write(ioapic, index, vector | how);
    spin_unlock_irq_restore(&lock, flags);
    return OK;
}

int ioapic_route(uint32_t gsi, bool level, unsigned vector, unsigned cpu)
{
    return line_route(gsi, level ? LINE_LEVEL : 0, vector, cpu);
}

int ioapic_route_isa(unsigned line, unsigned vector, unsigned cpu, uint32_t *gsi)
{
    if (line >= ACPI_ISA_COUNT) {
        return ERROR_RANGE;
    }
    /* ISA lines are edge-triggered and active high unless the table says otherwise. */
    const struct acpi_isa_route *route = &acpi_info()->isa[line];
    uint32_t how = 0;
    if ((route->flags & 3) == 3) {
        how |= LINE_ACTIVE_LOW;
    }
    if (((route->flags >> 2) & 3) == 3) {
        how |= LINE_LEVEL;
    }
    int error = line_route(route->gsi, how, vector, cpu);
    if (error == OK) {
        *gsi = route->gsi;
    }
    return error;
}

static void mask_set(uint32_t gsi, bool masked)
{
    const struct ioapic *ioapic = ioapic_find(gsi);

    if (ioapic != NULL) {
        uint32_t index = REGISTER_LINE + 2 * (gsi - ioapic->gsi_base);
        uint64_t flags = spin_lock_irq_save(&lock);
        uint32_t low = register_read(ioapic, index) & ~LINE_MASKED;
        register_write(ioapic, index, masked ? low | LINE_MASKED : low);
        spin_unlock_irq_restore(&lock, flags);
    }
}

void ioapic_mask(uint32_t gsi)
{
    mask_set(gsi, true);
}

void ioapic_unmask(uint32_t gsi)
{
    mask_set(gsi, false);
}
