/* Detection of the local APIC and the set-up of each CPU's. IPIs are in lapic_ipi.c. */
#include "arch/x86_64/apic/lapic.h"

#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/apic/lapic_registers.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"

#define APIC_BASE_X2APIC  (1UL << 10)
#define APIC_BASE_ENABLED (1UL << 11)
#define APIC_BASE_ADDRESS 0x000ffffffffff000UL

#define CPUID_1_EDX_APIC   (1U << 9)
#define CPUID_1_ECX_X2APIC (1U << 21)

#define SPURIOUS_ENABLE (1U << 8)

volatile uint32_t *lapic_memory;
static bool x2apic;
static uint32_t ids[CPU_MAX];

bool lapic_is_x2apic(void)
{
    return x2apic;
}

uint32_t lapic_id(void)
{
    uint32_t id = lapic_read(LAPIC_ID);
    return x2apic ? id : id >> 24;
}

uint32_t lapic_id_of(unsigned cpu)
{
    return ids[cpu];
}

void lapic_end_of_interrupt(void)
{
    lapic_write(LAPIC_END, 0);
}

/* Returns the bit of a vector in the 256-bit register that starts at `first_register`. */
static bool vector_bit(unsigned first_register, unsigned vector)
{
    return (lapic_read(first_register + vector / 32 * 0x10) >> (vector % 32)) & 1;
}

bool lapic_in_service(unsigned vector)
{
    return vector_bit(LAPIC_IN_SERVICE, vector);
}

bool lapic_is_requested(unsigned vector)
{
    return vector_bit(LAPIC_REQUESTED, vector);
}

int lapic_any_in_service(void)
{
    for (unsigned i = 0; i < VECTOR_COUNT / 32; i++) {
        uint32_t bits = lapic_read(LAPIC_IN_SERVICE + i * 0x10);
        if (bits != 0) {
            return (int)(i * 32) + __builtin_ctz(bits);
        }
    }
    return -1;
}

/* A spurious interrupt is no error: its request ended before the CPU took it (SDM 11.9). */
static void handle_spurious(struct trap_frame *frame maybe_unused)
{
}

static void handle_error(struct trap_frame *frame maybe_unused)
{
    lapic_write(LAPIC_ERROR, 0); /* moves the errors into the readable register */
    log_warn("CPU %u: local APIC error 0x%x (SDM 11.5.3)", cpu_number(), lapic_read(LAPIC_ERROR));
}

/* Enables the APIC of the calling CPU in the mode chosen for all. */
static void enable(void)
{
    uint64_t base = msr_read(MSR_APIC_BASE);

    msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLED);
    if (x2apic) {
        msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLED | APIC_BASE_X2APIC);
    }
}

/* Sets pin and polarity of this CPU's NMI as the MADT says; by default pin 1, active high. */
static void nmi_pin_set(void)
{
    const struct acpi_info *acpi = acpi_info();
    uint32_t lint = 1, value = LAPIC_LVT_NMI;

    for (unsigned i = 0; i < acpi->processor_count; i++) {
        if (acpi->processors[i].apic_id == lapic_id()) {
            lint = acpi->processors[i].nmi_lint;
            if ((acpi->processors[i].nmi_flags & 3) == 3) {
                value |= LAPIC_LVT_ACTIVE_LOW;
            }
        }
    }
    lapic_write(LAPIC_LVT_LINT0, LAPIC_LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT1, LAPIC_LVT_MASKED);
    lapic_write(lint == 0 ? LAPIC_LVT_LINT0 : LAPIC_LVT_LINT1, value);
}

void lapic_cpu_init(void)
{
    enable();
    ids[cpu_number()] = lapic_id();
    lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    lapic_write(LAPIC_TASK_PRIORITY, 0);
    lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED | VECTOR_TIMER);
    unsigned lvt_last = (lapic_read(LAPIC_VERSION) >> 16) & 0xff;
    if (lvt_last >= 4) {
        lapic_write(LAPIC_LVT_PERFORMANCE, LAPIC_LVT_MASKED);
    }
    if (lvt_last >= 5) {
        lapic_write(LAPIC_LVT_THERMAL, LAPIC_LVT_MASKED);
    }
    nmi_pin_set();
    lapic_write(LAPIC_ERROR, 0);
    lapic_write(LAPIC_LVT_ERROR, VECTOR_APIC_ERROR);
    /* Firmware may have left interrupts in service; no handler of the kernel would end them. */
    for (int left = 256; lapic_any_in_service() >= 0 && left > 0; left--) {
        lapic_end_of_interrupt();
    }
}

/* Maps the registers of xAPIC mode at the address in the MSR, which is what the CPU uses. */
static must_check int registers_map(void)
{
    physical_t address = msr_read(MSR_APIC_BASE) & APIC_BASE_ADDRESS;

    if (acpi_info()->madt_present && acpi_info()->lapic_address != address) {
        log_warn("lapic: the MADT says 0x%llx, the CPU 0x%llx; the CPU is right",
                 (unsigned long long)acpi_info()->lapic_address, (unsigned long long)address);
    }
    lapic_memory = mmio_map(address, PAGE_BYTES);
    return lapic_memory != NULL ? OK : ERROR_NO_MEMORY;
}

int lapic_init(void)
{
    struct cpuid_result features = cpuid(1, 0);

    if ((features.edx & CPUID_1_EDX_APIC) == 0) {
        log_error("lapic: this CPU has no local APIC");
        return ERROR_UNSUPPORTED;
    }
    x2apic = (features.ecx & CPUID_1_ECX_X2APIC) != 0;
    int error = x2apic ? OK : registers_map();
    if (error == OK) {
        error = interrupt_register(VECTOR_SPURIOUS, handle_spurious, "spurious");
    }
    if (error == OK) {
        error = interrupt_register(VECTOR_APIC_ERROR, handle_error, "APIC error");
    }
    if (error == OK) {
        lapic_cpu_init();
        log_info("lapic: %s; this one's id is %u",
                 x2apic ? "x2APIC, for the CPU has it" : "xAPIC, for the CPU has no x2APIC",
                 lapic_id());
    }
    return error;
}
