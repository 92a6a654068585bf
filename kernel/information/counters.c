/* See counters.h. Values of other CPUs are read without a lock and may be a little out of date. */
#include "kernel/information/counters.h"

#include "arch/x86_64/apic/shootdown.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "kernel/console/console_handover.h"
#include "kernel/console/log_ring.h"
#include "kernel/task/task.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/run_queue.h"
#include "sched/stack/gate.h"
#include "sched/stack/overflow.h"

static uint64_t of_cpus(uint64_t (*value)(unsigned cpu))
{
    uint64_t sum = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        sum += value(cpu);
    }
    return sum;
}

static uint64_t cpu_switches(unsigned cpu)
{
    return cpu_variable(run_queue, cpu).switches;
}

static uint64_t cpu_steals(unsigned cpu)
{
    return cpu_variable(run_queue, cpu).steals;
}

uint64_t counter_cpu_interrupts(unsigned cpu)
{
    uint64_t sum = 0;
    for (unsigned vector = VECTOR_EXCEPTIONS; vector < VECTOR_COUNT; vector++) {
        sum += interrupt_count(vector, cpu);
    }
    return sum;
}

static uint64_t cpu_faults_1(unsigned cpu)
{
    return cpu_variable(magazine, cpu).faults[1];
}

static uint64_t cpu_faults_2(unsigned cpu)
{
    return cpu_variable(magazine, cpu).faults[2];
}

static uint64_t cpu_faults_3(unsigned cpu)
{
    return cpu_variable(magazine, cpu).faults[3];
}

static uint64_t cpu_refills(unsigned cpu)
{
    return cpu_variable(magazine, cpu).refills;
}

static uint64_t cpu_refill_failures(unsigned cpu)
{
    return cpu_variable(magazine, cpu).refill_failures;
}

static uint64_t stack_pages_unowned(void)
{
    uint32_t slots = 0;
    size_t pages = 0;
    stack_unowned_count(&slots, &pages);
    return pages;
}

static struct stack_counts stacks(void)
{
    struct stack_counts counts;
    stack_counts_read(&counts);
    return counts;
}

static struct stack_swap_counts swaps(void)
{
    struct stack_swap_counts counts;
    stack_swap_counts_read(&counts);
    return counts;
}

unsigned counter_count(void)
{
    return COUNTERS;
}

const char *counter_name(unsigned number)
{
#define COUNTER_NAME(name, value, meaning) #name,
    static const char *const names[] = {COUNTER_LIST(COUNTER_NAME)};
    return names[number];
}

const char *counter_meaning(unsigned number)
{
#define COUNTER_MEANING(name, value, meaning) (meaning),
    static const char *const meanings[] = {COUNTER_LIST(COUNTER_MEANING)};
    return meanings[number];
}

uint64_t counter_value(unsigned number)
{
    switch (number) {
#define COUNTER_VALUE(name, value, meaning)                                                        \
    case COUNTER_##name:                                                                           \
        return (value);
        COUNTER_LIST(COUNTER_VALUE)
    default:
        return 0;
    }
}
