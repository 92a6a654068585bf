/*
 * All counters of the kernel that people and programs may read: what the monitor's kstat prints and
 * information_list() gives come from this list. To add one, add its line; nothing else knows the
 * names.
 *
 *   COUNTER(name, value, meaning)
 *
 * `value` is an expression that may be evaluated in THREAD context. It must not be an address.
 */
#pragma once

/* clang-format off */
#define COUNTER_LIST(COUNTER) \
    COUNTER(frames_total, frame_total_count(), "frames of memory under management") \
    COUNTER(frames_free, frame_free_count(), "frames that nobody owns") \
    COUNTER(tasks, task_count(), "tasks that have not been reclaimed") \
    COUNTER(threads, thread_count(), "threads, with those of the kernel and the idle ones") \
    COUNTER(switches, of_cpus(cpu_switches), "switches between threads") \
    COUNTER(steals, of_cpus(cpu_steals), "threads that an idle CPU took from another one") \
    COUNTER(interrupts, of_cpus(counter_cpu_interrupts), "interrupts") \
    COUNTER(shootdowns, shootdown_count(), "rounds in which all CPUs forgot translations of the kernel") \
    COUNTER(stack_faults_1, of_cpus(cpu_faults_1), "stack faults that brought one page") \
    COUNTER(stack_faults_2, of_cpus(cpu_faults_2), "stack faults that brought two pages") \
    COUNTER(stack_faults_3, of_cpus(cpu_faults_3), "stack faults that brought three pages") \
    COUNTER(refills, of_cpus(cpu_refills), "refills of magazines") \
    COUNTER(refill_failures, of_cpus(cpu_refill_failures), "refills that found too few frames") \
    COUNTER(gate_waits, gate_counts.waits, "times that a thread began to wait for memory of its stack") \
    COUNTER(gate_grants, gate_counts.grants, "times that such a thread was made ready to try again") \
    COUNTER(stack_reserve, stack_reserve_count(), "frames kept for stacks alone") \
    COUNTER(stack_pages_unowned, stack_pages_unowned(), "pages of stacks that are kept for threads to come") \
    COUNTER(stack_tables, stack_tables_made(), "page tables of the addresses of stacks") \
    COUNTER(stacks_cold, stacks().created_cold, "stacks made with a new slot and new frames") \
    COUNTER(stacks_cached, stacks().created_cached, "stacks that came whole from a cache") \
    COUNTER(stacks_large, stacks().created_large, "stacks of more than 16 KiB") \
    COUNTER(stacks_reclaimed, stacks().reclaimed, "stacks whose frames were freed after their thread") \
    COUNTER(stack_overflows, overflow_count(), "threads that ended because their stack overflowed") \
    COUNTER(swap_shrunk, swaps().shrunk, "pages taken below the stack pointers of sleeping threads") \
    COUNTER(swap_out, swaps().swapped, "stacks whose live bytes were saved and whose pages were taken") \
    COUNTER(swap_in, swaps().swapped_in, "stacks that got a page and their bytes back") \
    COUNTER(log_lines, log_lines_written(), "lines written to the log") \
    COUNTER(handovers, console_handover_count(), "times that a program took the serial port over")
/* clang-format on */
