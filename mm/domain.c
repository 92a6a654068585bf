/* The domains of memory, and what CPUs took from them; see domain.h. */
#include "mm/domain.h"

#include "arch/x86_64/percpu.h"
#include "arch/x86_64/report.h"
#include "mm/frame.h"

#define BLOCK_BYTES ((physical_t)PAGE_BYTES << BUDDY_ORDER_MAX)

uint32_t domain_count = 1;

static const struct acpi_affinity *known; /* while domain_count is above 1 */
static PER_CPU(struct domain_counts, domain_counts);

/* The domain with the lowest byte that any range names of the largest block around the address. */
static unsigned domain_find(const struct acpi_affinity *affinity, physical_t address)
{
    physical_t block = address & ~(BLOCK_BYTES - 1), lowest = UINT64_MAX;
    unsigned domain = 0;
    for (unsigned i = 0; i < affinity->range_count; i++) {
        const struct acpi_domain_range *range = &affinity->ranges[i];
        if (range->base < lowest && range->base - block < BLOCK_BYTES) {
            lowest = range->base; /* begins in the block */
            domain = range->domain;
        }
        if (range->base <= block && block - range->base < range->bytes) {
            return range->domain; /* has its first byte */
        }
    }
    return domain;
}

/* Usable bytes of a range of memory by domain, block by block. */
static void usable_add(const struct acpi_affinity *affinity, const struct memory_range *range,
                       uint64_t *usable)
{
    physical_t at = range->base, end = range->base + range->bytes;
    while (at < end) {
        physical_t next = (at & ~(BLOCK_BYTES - 1)) + BLOCK_BYTES;
        next = next < end ? next : end;
        usable[domain_find(affinity, at)] += next - at;
        at = next;
    }
}

void domain_init(const struct acpi_affinity *affinity, const struct memory_map *map)
{
    uint64_t usable[DOMAIN_MAX] = {0};
    unsigned with_memory = 0;

    domain_count = 1;
    known = NULL;
    if (affinity->domain_count < 2) {
        return;
    }
    for (unsigned i = 0; i < map->count; i++) {
        if (map->ranges[i].kind == MEMORY_USABLE) {
            usable_add(affinity, &map->ranges[i], usable);
        }
    }
    for (unsigned domain = 0; domain < affinity->domain_count; domain++) {
        with_memory += usable[domain] != 0;
    }
    if (with_memory < 2) {
        log_warn("memory: the SRAT names %u domains, but all memory is in one; taken as one",
                 affinity->domain_count);
        return;
    }
    known = affinity;
    domain_count = affinity->domain_count;
    for (unsigned domain = 0; domain < domain_count; domain++) {
        log_info("memory: domain %u (number %u in the SRAT) has %llu MiB", domain,
                 affinity->names[domain], (unsigned long long)(usable[domain] >> 20));
    }
}

unsigned domain_of(physical_t address)
{
    return domain_count == 1 ? 0 : domain_find(known, address);
}

unsigned domain_of_processor(uint32_t apic_id)
{
    for (unsigned i = 0; domain_count > 1 && i < known->processor_count; i++) {
        if (known->processors[i].apic_id == apic_id) {
            return known->processors[i].domain;
        }
    }
    return 0;
}

uint32_t domain_name(unsigned domain)
{
    return domain_count == 1 ? 0 : known->names[domain];
}

void domain_count_frame(enum domain_use use, physical_t frame)
{
    struct domain_counts *own = this_cpu_pointer(domain_counts);
    if (domain_of(frame) == frame_domain_of_cpu(cpu_number())) {
        own->local[use]++;
    } else {
        own->remote[use]++;
    }
}

const struct domain_counts *domain_counts_of(unsigned cpu)
{
    return &cpu_variable(domain_counts, cpu);
}
