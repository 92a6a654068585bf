/*
 * See boot_report.h. Most lines have at most 65 characters, so that with the time before them they
 * fit 80 columns.
 */
#include "kernel/boot_report.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/log.h"
#include "kernel/options.h"
#include "mm/frame/frame.h"
#include "mm/stack_modes/stack_lend.h"
#include "sched/core/thread.h"

#define KIB_A_PAGE (PAGE_BYTES / 1024)

static size_t frames_mib(size_t frames)
{
    return frames * PAGE_BYTES >> 20;
}

static const struct memory_map *memory_map;

bool boot_is_ram(physical_t base, uint64_t bytes)
{
    return memory_map != NULL && memory_map_has_ram(memory_map, base, bytes);
}

void boot_report_start(const struct boot_info *boot)
{
    char model[CPU_MODEL_BYTES];

    memory_map = &boot->map;
    cpu_model_read(model);
    log_info("boot: by %s%s%s", boot->loader_name, boot->command_line[0] != '\0' ? ": " : "",
             boot->command_line);
    log_info("cpu: %s", model);
}

void boot_report_memory(void)
{
    uint64_t cr4 = cr4_read();

    log_info("cpu: in force: NX, write-protect%s%s%s", cr4 & CR4_SMEP ? ", SMEP" : "",
             cr4 & CR4_SMAP ? ", SMAP" : "", cr4 & CR4_UMIP ? ", UMIP" : "");
    log_info("memory: %zu MiB in %zu frames of %lu KiB", frames_mib(frame_total_count()),
             frame_total_count(), KIB_A_PAGE);
    log_info("pages: own tables, all walked: nothing writable and executable");
}

static void handoff_report(void)
{
    if (options.ipc_handoff) {
        log_info("stacks: threads that wait in message calls have none (ipc=handoff)");
    }
}

void boot_report_stacks(void)
{
    handoff_report();
    if (options.stack == STACK_MODE_EAGER) {
        log_info("stacks: %lu KiB each, all of it from creation (stack=eager)", STACK_BYTES / 1024);
        return;
    }
    log_info("stacks: %lu KiB of addresses, %lu KiB at creation, then on demand",
             STACK_BYTES / 1024, KIB_A_PAGE);
    log_info("stacks: %u zeroed frames in each CPU's magazine, %u in reserve",
             options.magazine_rounds, options.reserve_frames);
    if (options.stack == STACK_MODE_PREFAULT) {
        log_info("stacks: holes are filled before interrupts or preemption go off "
                 "(stack=prefault): no gate, and so no promise");
    }
    if (options.stack == STACK_MODE_LEND) {
        log_info("stacks: whole while their thread runs (stack=lend); untouched pages are taken "
                 "back %s",
                 stack_lend_mode() == STACK_LEND_AT_ONCE
                     ? "at each switch: this CPU caches no page that is not marked accessed"
                     : "in batches, after a shootdown: this CPU may know pages never accessed");
    }
}

void boot_report_end(void)
{
    log_info(
        "services: the reclaimer, the swapper and the console take half of a CPU each at most");
    log_info("Stalactite is up: %u CPU%s, %u threads, %zu MiB free", cpu_online_count(),
             cpu_online_count() == 1 ? "" : "s", thread_count(), frames_mib(frame_free_count()));
}
