/*
 * Preparation and start of a processor. Preparation creates its per-CPU area, its entry stacks, its
 * idle thread, and a magazine that is full before the first switch. If one of them cannot be
 * created, the processor is left out and the kernel runs without it.
 */
#include "kernel/processors.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/apic/shootdown.h"
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/fpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/page_copy.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/entry/user_context.h"
#include "arch/x86_64/smp/smp.h"
#include "arch/x86_64/time/timer.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/frame/numa_node.h"
#include "mm/space/kernel_space.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "sched/core/schedule.h"

/* Bytes kept free at the top of the idle thread's stack: the thread's first frame lies there. */
#define FIRST_FRAME_ROOM 256

#define STACK_FRAMES ((ENTRY_KINDS - 1) * (ENTRY_STACK_BYTES / PAGE_BYTES))

static bool prepared[CPU_MAX];

/* Page frames for the entry stacks of the CPU that is being prepared, until they are mapped. */
static physical_t stack_frames[STACK_FRAMES];
static unsigned stack_frames_held;

static unsigned percpu_area_order(void)
{
    unsigned order = 0;
    while ((PAGE_BYTES << order) < percpu_area_bytes()) {
        order++;
    }
    return order;
}

static must_check int percpu_area_create(unsigned cpu, physical_t *area_out)
{
    unsigned order = percpu_area_order();
    physical_t area;
    int error = frame_allocate_order(order, FRAME_OWNER_CPU, &area);
    if (error == OK) {
        *area_out = area;
        for (size_t at = 0; at < PAGE_BYTES << order; at += PAGE_BYTES) {
            page_zero(physical_to_virtual(area + at));
        }
        percpu_area_set(cpu, physical_to_virtual(area));
    }
    return error;
}

static void stack_frames_free(void)
{
    while (stack_frames_held > 0) {
        frame_free(stack_frames[--stack_frames_held], FRAME_OWNER_CPU);
    }
}

static must_check int stack_frames_allocate(void)
{
    while (stack_frames_held < STACK_FRAMES) {
        int error = frame_allocate(FRAME_OWNER_CPU, &stack_frames[stack_frames_held]);
        if (error != OK) {
            stack_frames_free();
            return error;
        }
        stack_frames_held++;
    }
    return OK;
}

static int stack_frame_take(physical_t *frame)
{
    *frame = stack_frames[--stack_frames_held];
    return OK;
}

/*
 * Creates the parts of a CPU. First come all steps that can fail, then the mapping of the entry
 * stacks. After a failure the parts are freed, because the next processor gets the same CPU number
 * and a mapping that exists cannot be made again. Page tables are kept for that processor.
 */
static must_check int parts_create(unsigned cpu)
{
    physical_t area;
    int error = percpu_area_create(cpu, &area);
    if (error != OK) {
        return error;
    }
    error =
        paging_tables_create(entry_stack_bottom(cpu, 1), ENTRY_STACK_STRIDE * (ENTRY_KINDS - 1));
    if (error == OK) {
        error = stack_frames_allocate();
    }
    if (error == OK) {
        error = magazine_create(cpu);
        if (error == OK) {
            error = schedule_cpu_create(cpu);
            if (error != OK) {
                magazine_free(cpu);
            }
        }
    }
    if (error == OK) {
        return entry_stacks_create(cpu, stack_frame_take);
    }
    stack_frames_free();
    percpu_area_clear(cpu);
    frame_free_order(area, percpu_area_order(), FRAME_OWNER_CPU);
    return error;
}

/* The parts of the new CPU are allocated in its own memory node, as far as that has free frames. */
int processor_prepare(unsigned cpu, uint32_t apic_id, uintptr_t *stack_top_out)
{
    if (!prepared[cpu]) {
        uint64_t flags = interrupts_save();
        unsigned own = frame_node_of_cpu(cpu_number());
        frame_node_set(cpu_number(), numa_node_of_processor(apic_id));
        int error = parts_create(cpu);
        frame_node_set(cpu_number(), own);
        interrupts_restore(flags);
        if (error != OK) {
            log_error("CPU %u stays out: no memory for its stacks and magazine (%s)", cpu,
                      error_name(error));
            return error;
        }
        prepared[cpu] = true;
    }
    frame_node_set(cpu, numa_node_of_processor(apic_id)); /* perhaps not the same as before */
    const struct thread *idle = cpu_variable(run_queue, cpu).idle;
    *stack_top_out = stack_top(idle->slot) - FIRST_FRAME_ROOM;
    return OK;
}

void processor_tables_load(void)
{
    descriptors_load();
    kernel_space_protect_cpu();
    user_entry_cpu_init();
    fpu_cpu_init();
}

void processor_start(unsigned cpu)
{
    percpu_activate(cpu);
    processor_tables_load();
    if (!fred_cpu_start()) {
        log_error("CPU %u refuses FRED, which CPU 0 uses: it stops here", cpu);
        cpu_halt_forever();
    }
    lapic_cpu_init();
    timer_start_periodic(SCHEDULE_TICK_HZ);
    shootdown_cpu_join();
    schedule_cpu_run();
}

void processors_start(unsigned limit)
{
    smp_start_all(limit);
    if (smp_left_out_count() != 0) {
        log_warn("%u processors were left out, see above", smp_left_out_count());
    }
}
