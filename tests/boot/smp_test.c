/* Start of processors, and that the mappings for it are removed again. */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/paging/paging.h"
#include "arch/x86_64/smp/smp.h"
#include "arch/x86_64/smp/smp_trampoline.h"
#include "lib/error.h"
#include "tests/test.h"

TEST(SMP0001, "every CPU that is online has a processor of its own in the MADT", ALWAYS)
{
    const struct acpi_info *acpi = acpi_info();

    for (unsigned cpu = 0; acpi->madt_present && cpu < cpu_online_count(); cpu++) {
        unsigned matches = 0;
        for (unsigned i = 0; i < acpi->processor_count; i++) {
            matches += acpi->processors[i].apic_id == lapic_id_of(cpu) ? 1 : 0;
        }
        test_equal(matches, 1);
        for (unsigned other = 0; other < cpu; other++) {
            test_check(lapic_id_of(other) != lapic_id_of(cpu));
        }
    }
    test_check(cpu_online_count() >= 1);
}

/* The largest id below 0xf8 that the MADT lists for no processor. */
static uint32_t apic_id_of_none(void)
{
    const struct acpi_info *acpi = acpi_info();
    uint32_t id = 0xf7;
    for (unsigned i = 0; i < acpi->processor_count; i++) {
        if (acpi->processors[i].apic_id == id) {
            id--;
            i = UINT32_MAX; /* look from the first one on again */
        }
    }
    return id;
}

TEST(SMP0002, "a processor that does not answer is given up, and cannot come online later", ALWAYS)
{
    unsigned online = cpu_online_count();
    test_equal(smp_wake(apic_id_of_none(), 20), ERROR_TIMEOUT);
    test_check(!smp_gate_is_claimed());
    test_equal(cpu_online_count(), online);
}

TEST(SMP0006, "an id that addresses all processors, or that would be cut to one, is no destination",
     ALWAYS)
{
    static const uint32_t wrong[] = {0xff, 0x1ff, 0x10000, 0xffffffff};
    unsigned online = cpu_online_count();

    for (unsigned i = lapic_is_x2apic() ? 3 : 0; i < array_length(wrong); i++) {
        test_check(!lapic_can_address(wrong[i]));
        test_equal(smp_wake(wrong[i], 20), ERROR_RANGE);
    }
    test_check(!smp_gate_is_claimed());
    test_equal(cpu_online_count(), online);
}

static unsigned prepare_calls;

static int prepare_without_memory(unsigned cpu maybe_unused, uint32_t apic_id maybe_unused,
                                  uintptr_t *stack_top maybe_unused)
{
    prepare_calls++;
    return ERROR_NO_MEMORY;
}

static noreturn_function void never_started(unsigned cpu)
{
    panic("CPU %u started without being prepared", cpu);
}

TEST(SMP0005, "processors for which there is no memory are left out, and the machine goes on",
     ALWAYS)
{
    int (*prepare)(unsigned, uint32_t, uintptr_t *) = smp_processor_prepare;
    noreturn_function void (*start)(unsigned) = smp_processor_start;
    unsigned online = cpu_online_count(), left_out = smp_left_out_count();
    unsigned spare =
        acpi_info()->processor_count > online ? acpi_info()->processor_count - online : 0;

    prepare_calls = 0;
    test_note("%u processors are not online", spare);
    smp_processor_prepare = prepare_without_memory;
    smp_processor_start = never_started;
    unsigned after = smp_start_all(CPU_MAX);
    smp_processor_prepare = prepare;
    smp_processor_start = start;
    test_equal(after, online);
    test_equal(prepare_calls, spare);
    test_check(smp_left_out_count() >= left_out + spare);
    test_check(!smp_tables_present());
}

TEST(SMP0003, "a processor that starts when none is awaited parks, and the machine goes on", ALWAYS)
{
    const struct acpi_info *acpi = acpi_info();
    unsigned spare = acpi->processor_count;

    /* A processor that cpus= left out may be woken; one that is online must not be. */
    for (unsigned i = 0; i < acpi->processor_count && spare == acpi->processor_count; i++) {
        bool online = false;
        for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
            online |= lapic_id_of(cpu) == acpi->processors[i].apic_id;
        }
        spare = online ? spare : i;
    }
    if (spare == acpi->processor_count) {
        test_note("all processors are online; a processor of an unused number stands in");
    }
    uint32_t apic_id = spare < acpi->processor_count ? acpi->processors[spare].apic_id : 0xf7;
    test_check(smp_wake_unwanted(apic_id));
    test_check(smp_wake_unwanted(apic_id));
    test_check(!smp_tables_present());
}

TEST(SMP0004, "the identity map is gone, and the low page is neither writable nor executable",
     ALWAYS)
{
    struct paging_walk walk;
    uintptr_t low = (uintptr_t)smp_trampoline_page() << PAGE_SHIFT;

    test_check(!smp_tables_present());
    for (uintptr_t address = 0; address < 0x40000000; address += 0x10000) {
        test_check(!paging_is_present(address));
    }
    test_check(low == 0 || !paging_is_present(low));
    if (low != 0) {
        paging_walk((uintptr_t)physical_to_virtual(low), &walk);
        test_check(walk.present);
        test_check((walk.entries[walk.levels - 1] & PAGE_WRITABLE) == 0);
        test_check((walk.entries[walk.levels - 1] & PAGE_NO_EXECUTE) != 0);
    }
}
