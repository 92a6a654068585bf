/*
 * The one place where everything is wired; it reads as the story of the boot. boot_main() runs on
 * the boot stack, with interrupts off, until the scheduler takes over; story_continue() is the
 * first thread.
 */
#include "arch/x86_64/acpi.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/descriptors.h"
#include "arch/x86_64/fred.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/pic.h"
#include "arch/x86_64/report.h"
#include "arch/x86_64/reset.h"
#include "arch/x86_64/serial.h"
#include "arch/x86_64/shootdown.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/timer.h"
#include "boot/boot_info.h"
#include "kernel/benchmark.h"
#include "kernel/console_devices.h"
#include "kernel/demonstration.h"
#include "kernel/log.h"
#include "kernel/monitor.h"
#include "kernel/nmi.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "kernel/processors.h"
#include "kernel/selftest.h"
#include "kernel/story.h"
#include "lib/error.h"
#include "mm/domain.h"
#include "mm/frame.h"
#include "mm/kernel_space.h"
#include "mm/layout_check.h"
#include "mm/magazine.h"
#include "mm/memory.h"
#include "mm/mode_text.h"
#include "mm/stack.h"
#include "mm/stack_cache.h"
#include "mm/stack_depth.h"
#include "mm/stack_fault.h"
#include "mm/stack_prefault.h"
#include "mm/stack_reserve.h"
#include "sched/gate.h"
#include "sched/last_resort.h"
#include "sched/overflow.h"
#include "sched/reclaimer.h"
#include "sched/schedule.h"
#include "sched/swapper.h"
#include "sched/thread_trace.h"

noreturn_function void boot_main(uint32_t magic, uint32_t information);

static struct boot_info boot_info;

/* A step without which there is no kernel. */
static void must_succeed(int error, const char *step)
{
    if (error != OK) {
        panic("cannot start: %s: %s", step, error_name(error));
    }
}

static void timer_tick(struct trap_frame *frame maybe_unused)
{
    schedule_tick();
}

/* From a boot loader's words to a kernel in tables of its own. */
static void memory_start(uint32_t magic, uint32_t information)
{
    must_succeed(boot_info_read(magic, information, &boot_info), "the boot loader's information");
    story_tell_start(&boot_info);
    options_parse(boot_info.command_line);
    acpi_init(boot_info.rsdp, boot_info.rsdp_bytes); /* while all of low memory is mapped */
    smp_reserve(&boot_info.map);
    stack_prefault_way_set(options.prefault);
    stack_mode_text_write(options.stack); /* while the text is writable */
    must_succeed(kernel_space_build(&boot_info.map), "page tables");
    processor_tables_load();
    panic_init();
    nmi_init();
    fred_start(options.entry);
    domain_init(&acpi_info()->affinity, &boot_info.map);
    must_succeed(frame_init(&boot_info.map), "the frame allocator");
    paging_frame_source_set(frame_allocate_page_table);
    memory_init();
    layout_check();
    story_tell_memory();
}

static void devices_start(void)
{
    console_screen_start(&boot_info.framebuffer);
    reset_init();
    pic_disable();
    must_succeed(lapic_init(), "the local APIC");
    ioapic_init();
    clock_init();
    shootdown_init();
    must_succeed(timer_init(timer_tick), "the timer");
}

static void stacks_start(void)
{
    stack_mode_set(options.stack);
    magazine_capacity_set(options.magazine_rounds);
    stack_cache_size_set(options.cached_stacks);
    stack_free_set(options.stack_free);
    stack_depth_exact_set(options.depth_exact);
    stack_births_settle();
    stack_fault_init();
    if (options.stack == STACK_MODE_PREFAULT) {
        stack_prefault_init();
        gate_off();
    }
    overflow_init();
    thread_trace_init();
    stack_shootdown = shootdown;
    frame_domain_set(0, domain_of_processor(lapic_id()));
    must_succeed(magazine_create(0), "the first magazine");
    must_succeed(stack_reserve_create(options.reserve_frames), "the reserve behind the magazines");
    story_tell_stacks();
}

static noreturn_function void leave(bool success)
{
    if (options.exit) {
        log_info("leaving: %s", success ? "success" : "failed");
        machine_exit(success ? EXIT_SUCCESS : EXIT_TESTS_FAILED);
    }
    monitor_run();
}

/* What the command line wants to go wrong: only from here on, for the boot itself must succeed. */
static void failures_arm(void)
{
    for (unsigned kind = 0; kind < FAULT_INJECT_KINDS; kind++) {
        fault_inject_arm(kind, options.inject_every[kind], options.seed);
    }
    if (options.gate_off) {
        /* As in kernels that have none of it: who lost pages could not be let pass uncovered. */
        gate_off();
        swapper_quiet_set(true);
        log_info("gate: off; and sleeping stacks keep their pages but by the command 'swap'");
    }
    last_resort_after(options.starve_kill_seconds * 1000000000UL);
}

/* The first thread: everything that may sleep. */
static void story_continue(void *argument maybe_unused)
{
    bool success = true;

    must_succeed(reclaimer_start(), "the reclaimer");
    swapper_ages_set(options.shrink_age_ms, options.swap_age_ms);
    must_succeed(swapper_start(), "the swapper");
    processors_start(options.cpus);
    console_input_start(acpi_info()->i8042_absent);
    story_tell_end();
    failures_arm();

    if (options.test[0] != '\0') {
        success = selftest_run(options.test);
    }
    if (options.soak_seconds != 0) {
        success = selftest_soak() && success;
    }
    if (options.bench[0] != '\0') {
        success = benchmark_run(options.bench) && success;
    }
    if (options.test[0] == '\0' && options.bench[0] == '\0' && options.soak_seconds == 0 &&
        !options.monitor) {
        demonstration_run();
    }
    leave(success);
}

void boot_main(uint32_t magic, uint32_t information)
{
    clock_mark_start();
    percpu_area_set(0, (void *)__percpu_start);
    percpu_activate(0);
    serial_init();
    log_init();
    log_clock_set(clock_now_ns);
    log_info("Stalactite: a microkernel whose kernel stacks grow on demand");

    memory_start(magic, information);
    devices_start();
    stacks_start();

    thread_init();
    schedule_init();
    must_succeed(schedule_cpu_create(0), "the first idle thread");
    cpu_online_add();
    const struct thread_options story = {
        .name = "main", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    must_succeed(thread_create(&story, story_continue, NULL, NULL), "the first thread");
    timer_start_periodic(SCHEDULE_TICK_HZ);
    schedule_cpu_run();
}
