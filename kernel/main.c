/*
 * The boot sequence, from top to bottom. boot_main() runs on the boot stack, with interrupts off,
 * until the scheduler takes over. boot_continue() is the first thread.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/apic/ioapic.h"
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/apic/pic.h"
#include "arch/x86_64/apic/shootdown.h"
#include "arch/x86_64/apic/user_shootdown.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/dev/reset.h"
#include "arch/x86_64/dev/serial.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/smp/smp.h"
#include "arch/x86_64/smp/smp_trampoline.h"
#include "arch/x86_64/time/clock.h"
#include "arch/x86_64/time/timer.h"
#include "boot/boot_info.h"
#include "kernel/boot_report.h"
#include "kernel/console/console.h"
#include "kernel/console/console_devices.h"
#include "kernel/console/console_service.h"
#include "kernel/console/log_ring.h"
#include "kernel/demo/demonstration.h"
#include "kernel/hooks.h"
#include "kernel/monitor/monitor.h"
#include "kernel/options.h"
#include "kernel/processors.h"
#include "kernel/program/boot_archive.h"
#include "kernel/program/program.h"
#include "kernel/task/user_thread.h"
#include "kernel/test/benchmark.h"
#include "kernel/test/selftest.h"
#include "kernel/trace/trace.h"
#include "kernel/trace/trace_calls.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_collect.h"
#include "mm/frame/numa_node.h"
#include "mm/heap/kmalloc.h"
#include "mm/space/kernel_space.h"
#include "mm/space/layout_check.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_depth.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/mode_patch.h"
#include "mm/stack_modes/stack_prefault.h"
#include "sched/core/schedule.h"
#include "sched/stack/gate.h"
#include "sched/stack/oom.h"
#include "sched/stack/reclaimer.h"
#include "sched/stack/swapper.h"
#include "sched/stack/swapper_test_hooks.h"

noreturn_function void boot_main(uint32_t magic, uint32_t information);

static struct boot_info boot_info;

/* Panics if a step failed without which the kernel cannot run. */
static void must_succeed(int error, const char *step)
{
    if (error != OK) {
        panic("cannot start: %s: %s", step, error_name(error));
    }
}

/* Reserves memory below 640 KiB, where the other processors start. */
static void low_pages_take(void)
{
    physical_t pages;
    int error = memory_map_take_low(&boot_info.map, SMP_LOW_BYTES, SMP_LOW_END, &pages);
    if (error == OK) {
        smp_low_pages_set(pages);
    } else {
        log_warn("smp: no memory below 640 KiB is free (%s); only one CPU can run",
                 error_name(error));
    }
}

/* Reads the boot loader's information and builds the kernel's own page tables and allocators. */
static void memory_start(uint32_t magic, uint32_t information)
{
    int error = boot_info_read(magic, information, &boot_info);
    options_parse(boot_info.command_line); /* panic= and exit= hold from the first panic on */
    log_level_set(options.log);
    must_succeed(error, "the boot loader's information");
    boot_report_start(&boot_info);
    acpi_init(boot_info.rsdp, boot_info.rsdp_bytes); /* while all of low memory is mapped */
    low_pages_take();
    stack_prefault_mode_set(options.prefault);
    trace_wanted = options.trace_thousands != 0;
    handoff_wanted = options.ipc_handoff;
    stack_mode_patch(options.stack); /* while the text is writable */
    trace_calls_patch();
    must_succeed(kernel_space_build(&boot_info.map), "page tables");
    processor_tables_load();
    hooks_wire(options.stack);
    fred_start(options.entry);
    numa_node_init(&acpi_info()->affinity, &boot_info.map);
    must_succeed(frame_init(&boot_info.map), "the frame allocator");
    kmalloc_init();
    layout_check();
    boot_report_memory();
    boot_archive_take(&boot_info);
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
    user_shootdown_init();
    frame_collect_init();
    must_succeed(timer_init(), "the timer");
}

static void stacks_start(void)
{
    stack_mode_set(options.stack);
    magazine_capacity_set(options.magazine_rounds);
    stack_cache_size_set(options.cached_stacks);
    stack_free_set(options.stack_free);
    stack_depth_exact_set(options.depth_exact);
    stack_create_mode_init();
    if (options.stack == STACK_MODE_PREFAULT) {
        gate_off();
    }
    frame_node_set(0, numa_node_of_processor(lapic_id()));
    must_succeed(magazine_create(0), "the first magazine");
    must_succeed(stack_reserve_create(options.reserve_frames), "the reserve behind the magazines");
    boot_report_stacks();
}

static noreturn_function void leave(bool success)
{
    trace_end();
    if (options.exit) {
        log_info("leaving: %s", success ? "success" : "failed");
        console_flush(); /* shows also what other threads have written */
        machine_exit(success ? EXIT_SUCCESS : EXIT_TESTS_FAILED);
    }
    monitor_run();
}

/*
 * Arms the failures that the command line asks for. This comes last, because the boot itself must
 * succeed.
 */
static void failures_arm(void)
{
    for (unsigned kind = 0; kind < FAULT_INJECT_KINDS; kind++) {
        fault_inject_arm(kind, options.inject_every[kind], options.seed);
    }
    if (options.gate_off) {
        /*
         * Without a gate, a thread whose pages were taken could not wait until its stack is
         * covered. So the swapper takes no pages.
         */
        gate_off();
        swapper_quiet_set(true);
        log_info("gate: off; the stacks of sleeping threads keep their pages, except by the "
                 "command 'swap'");
    }
    oom_kill_after(options.oom_kill_seconds * 1000000000UL);
}

/*
 * The session of a machine without tests, soak, benchmarks and monitor=1. It is the shell, which
 * starts the program demo before its first prompt, but not with shell=1. The kernel's own
 * demonstration is for machines without programs, and for those that ask for it by demo=1. With
 * exit=1 it follows the first program, which ends, and there is no shell.
 */
static void session_run(void)
{
    bool demonstrate = options.demo || (!options.shell && boot_archive_object() == NULL);

    if (options.exit && !options.shell) {
        program_init_run();
        demonstration_run();
        return;
    }
    if (demonstrate) {
        demonstration_run();
    }
    program_shell_run(!options.shell && !demonstrate);
}

/* The first thread: the steps that may sleep. */
static void boot_continue(void *argument maybe_unused)
{
    bool success = true;

    must_succeed(console_service_start(), "the console's thread");
    must_succeed(reclaimer_start(), "the reclaimer");
    swapper_ages_set(options.shrink_age_ms, options.swap_age_ms);
    must_succeed(swapper_start(), "the swapper");
    must_succeed(task_start_service(), "the thread that ends abandoned tasks");
    processors_start(options.cpus);
    console_input_start(acpi_info()->i8042_absent);
    boot_report_end();
    trace_begin(options.trace_thousands);
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
        session_run();
    }
    leave(success);
}

void boot_main(uint32_t magic, uint32_t information)
{
    clock_mark_start();
    percpu_area_set(0, (void *)__percpu_start);
    percpu_activate(0);
    spinlock_mode_init();
    serial_init();
    hooks_wire_early();
    log_info("Stalactite: a microkernel whose kernel stacks grow on demand");

    memory_start(magic, information);
    devices_start();
    stacks_start();

    thread_init();
    user_thread_init();
    schedule_init();
    must_succeed(schedule_cpu_create(0), "the first idle thread");
    cpu_online_add();
    const struct thread_options first = {
        .name = "main", .priority = THREAD_PRIORITY_SYSTEM, .backed = true};
    must_succeed(thread_create(&first, boot_continue, NULL, NULL), "the first thread");
    timer_start_periodic(SCHEDULE_TICK_HZ);
    schedule_cpu_run();
}
