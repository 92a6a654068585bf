/*
 * Domains of memory: which frames are near which processors, by ACPI's SRAT. Where there is one
 * domain only, or nothing is known, everything is domain 0 and nobody asks.
 *
 * A domain's border is rounded to the allocator's largest block, so no block is ever of two.
 */
#pragma once

#include "arch/x86_64/acpi.h"
#include "arch/x86_64/memory_map.h"

#define DOMAIN_MAX ACPI_DOMAIN_MAX

/* How many there are: 1 to DOMAIN_MAX. Does not change after domain_init(). */
extern uint32_t domain_count;

/*
 * Believes the table as far as it says something of this machine: if fewer than two domains have
 * usable memory there is one. Once, at boot, before frame_init().
 */
void domain_init(const struct acpi_affinity *affinity, const struct memory_map *map);

/* Whose memory this is; memory that the table does not name is domain 0's. Any context. */
unsigned domain_of(physical_t address);

/* The domain of a processor; 0 if the table does not name it. Any context. */
unsigned domain_of_processor(uint32_t apic_id);

/* The table's own number for a domain. Any context. */
uint32_t domain_name(unsigned domain);

/* What frames are taken for, where it matters whose they are. */
enum domain_use {
    DOMAIN_USE_BIRTH,  /* the top page of a new stack */
    DOMAIN_USE_CACHED, /* the top page of a stack that comes from a CPU's cache */
    DOMAIN_USE_ROUND,  /* a magazine's round */
    DOMAIN_USES,
};

struct domain_counts {
    uint64_t local[DOMAIN_USES]; /* of the domain of the CPU that took it */
    uint64_t remote[DOMAIN_USES];
};

/* Counts a frame that this CPU took. Interrupts off. Call it only if there are several domains. */
void domain_count_frame(enum domain_use use, physical_t frame);

/* What a CPU took so far. Any context. */
const struct domain_counts *domain_counts_of(unsigned cpu);
