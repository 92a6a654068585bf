/* The order in which processors are started, and the handling of those that fail. */
#include "arch/x86_64/smp/smp.h"

#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/paging/paging.h"
#include "arch/x86_64/smp/smp_trampoline.h"
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"

/*
 * A real processor answers within a millisecond. The limits are long because the host of an
 * emulator may not run the new processor for a while.
 */
#define ANSWER_TIMEOUT_MS 2000
#define ONLINE_TIMEOUT_MS 20000

#define INIT_WAIT_US    10000 /* SDM 9.4.4.1 */
#define STARTUP_WAIT_US 200

/* Read by the starting CPU, in trampoline.asm and smp_enter(). Written before STARTUP is sent. */
uintptr_t smp_entry_stack;
physical_t smp_kernel_root;
static unsigned entry_cpu;
int (*smp_processor_prepare)(unsigned cpu, uint32_t apic_id, uintptr_t *stack_top);
noreturn_function void (*smp_processor_start)(unsigned cpu);

static unsigned left_out;

noreturn_function void smp_enter(void);

void smp_enter(void)
{
    smp_processor_start(entry_cpu);
}

unsigned smp_left_out_count(void)
{
    return left_out;
}

/* Spins until the start gate is claimed. Returns false after `us` microseconds. */
static bool claimed_within(uint64_t us)
{
    uint64_t start_ns = clock_now_ns();

    while (!smp_gate_is_claimed()) {
        if (clock_now_ns() - start_ns > us * 1000) {
            return false;
        }
        cpu_pause();
    }
    return true;
}

static must_check int startup_send(uint32_t apic_id)
{
    return lapic_send_startup(apic_id, smp_trampoline_page());
}

/* Starts a processor after its INIT and the wait that follows INIT. */
static must_check int wake_after_init(uint32_t apic_id, unsigned timeout_ms)
{
    smp_gate_open(apic_id);
    int error = startup_send(apic_id);
    if (error == OK && claimed_within(STARTUP_WAIT_US)) {
        return OK;
    }
    if (error == OK) { /* the first may get lost; a processor that runs ignores the second */
        error = startup_send(apic_id);
    }
    if (error == OK && claimed_within((uint64_t)timeout_ms * 1000)) {
        return OK;
    }
    return !smp_gate_close() ? OK : error != OK ? error : ERROR_TIMEOUT;
}

int smp_wake(uint32_t apic_id, unsigned timeout_ms)
{
    int error = lapic_send_init(apic_id);
    if (error != OK) {
        return error;
    }
    clock_delay_us(INIT_WAIT_US);
    return wake_after_init(apic_id, timeout_ms);
}

bool smp_wake_unwanted(uint32_t apic_id)
{
    (void)smp_gate_close();
    int error = lapic_send_init(apic_id);
    clock_delay_us(INIT_WAIT_US);
    if (error == OK) {
        error = startup_send(apic_id);
    }
    return error == OK && !claimed_within(INIT_WAIT_US);
}

/* Waits until the CPU that claimed the start gate counts as online. */
static must_check int wait_online(unsigned cpu)
{
    uint64_t start_ns = clock_now_ns();

    while (cpu_online_count() <= cpu) {
        if (clock_now_ns() - start_ns > ONLINE_TIMEOUT_MS * 1000000ULL) {
            return ERROR_TIMEOUT;
        }
        cpu_pause();
    }
    return OK;
}

static bool is_online(uint32_t apic_id)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        if (lapic_id_of(cpu) == apic_id) {
            return true;
        }
    }
    return false;
}

/* Returns true if the machine has no processor but those that are online. */
static bool machine_is_online(const struct acpi_info *acpi)
{
    unsigned online = 0;
    for (unsigned i = 0; i < acpi->processor_count; i++) {
        online += is_online(acpi->processors[i].apic_id) ? 1 : 0;
    }
    return online == acpi->processor_count && online == cpu_online_count() &&
           acpi->processors_left_out == 0 && acpi->processors_disabled == 0;
}

/* Sends INIT to each processor that is not online, so that one long wait serves for all. */
static void init_all(const struct acpi_info *acpi)
{
    for (unsigned i = 0; i < acpi->processor_count; i++) {
        uint32_t apic_id = acpi->processors[i].apic_id;
        if (!is_online(apic_id)) {
            (void)!lapic_send_init(apic_id); /* start_one() warns if the id has no address */
        }
    }
    clock_delay_us(INIT_WAIT_US);
}

/*
 * Starts one processor as CPU `cpu`. Errors: ERROR_BUSY if the processor passed the start gate but
 * did not come online: it may still use the trampoline's tables. Any other error: it is left out.
 */
static must_check int start_one(uint32_t apic_id, unsigned cpu)
{
    if (!lapic_can_address(apic_id)) {
        log_warn("smp: processor with APIC id %u cannot be addressed in this mode; left out",
                 apic_id);
        return ERROR_UNSUPPORTED;
    }
    int error = smp_processor_prepare(cpu, apic_id, &smp_entry_stack);
    if (error != OK) {
        log_warn("smp: processor with APIC id %u is left out: %s", apic_id, error_name(error));
        return error;
    }
    entry_cpu = cpu;
    error = wake_after_init(apic_id, ANSWER_TIMEOUT_MS);
    if (error != OK) {
        log_warn("smp: processor with APIC id %u does not answer and is left out", apic_id);
        return error;
    }
    if (wait_online(cpu) != OK) {
        log_error("smp: CPU %u (APIC id %u) began to start and then stopped; no more are started",
                  cpu, apic_id);
        return ERROR_BUSY;
    }
    return OK;
}

/*
 * Starts the processors that are not online, so that they park in the trampoline with machine
 * checks on: see trampoline.asm. The start gate is closed.
 */
static void park_others(const struct acpi_info *acpi)
{
    if (cpu_online_count() >= acpi->processor_count) {
        return;
    }
    init_all(acpi);
    for (unsigned i = 0; i < acpi->processor_count; i++) {
        uint32_t apic_id = acpi->processors[i].apic_id;
        if (!is_online(apic_id) && lapic_can_address(apic_id)) {
            (void)!startup_send(apic_id);
            clock_delay_us(STARTUP_WAIT_US);
        }
    }
}

unsigned smp_start_all(unsigned limit)
{
    const struct acpi_info *acpi = acpi_info();
    int error = OK;

    if (limit > CPU_MAX) {
        limit = CPU_MAX;
    }
    smp_kernel_root = paging_root();
    if (smp_trampoline_install(smp_kernel_root) != OK) {
        log_warn("smp: there is no page below 1 MiB to start processors from; going on with one");
        return cpu_online_count();
    }
    if (limit > 1 && acpi->processor_count > 1) {
        init_all(acpi);
    }
    for (unsigned i = 0; i < acpi->processor_count && cpu_online_count() < limit; i++) {
        if (is_online(acpi->processors[i].apic_id)) {
            continue;
        }
        error = start_one(acpi->processors[i].apic_id, cpu_online_count());
        left_out += error != OK ? 1 : 0;
        if (error == ERROR_BUSY) {
            break;
        }
    }
    if (error != ERROR_BUSY) {
        smp_trampoline_clear();
        park_others(acpi);
    }
    left_out += acpi->processors_left_out;
    if (machine_is_online(acpi)) {
        lapic_all_are_online();
    }
    log_info("smp: %u CPU%s online%s", cpu_online_count(), cpu_online_count() == 1 ? "" : "s",
             left_out != 0 ? ", some left out" : "");
    return cpu_online_count();
}
