/* Physical memory as the boot page tables show it: see physical_reader.h. */
#include "arch/x86_64/acpi/physical_reader.h"

#include "arch/x86_64/cpu/address.h"

#define BOOT_MAPPED_END (1ULL << 32)

static const void *boot_map(void *context maybe_unused, physical_t address, uint64_t bytes)
{
    if (address >= BOOT_MAPPED_END || bytes > BOOT_MAPPED_END - address) {
        return NULL;
    }
    return physical_to_virtual(address);
}

const struct physical_reader physical_reader_boot = {.map = boot_map, .context = NULL};
