/*
 * The options of the command line, one line each. The fields of struct options, their defaults, the
 * parser, the messages, the text of 'help options' and docs/options.md come from this list.
 *
 *   TEXT(field, name, form, sentence)                                    any text
 *   CHOICE(type, field, name, words, first, normal, sentence)            one of the words, the first
 *                                      of which stands for the value `first`, the next for the next
 *   NUMBER(type, field, name, least, most, normal, unit, sentence)       both limits are allowed
 *   OFF_OR_NUMBER(type, field, name, least, most, unit, sentence)        or the word off: 0
 *   FAULTS(field, name, form, sentence)                                  which failures to inject
 *
 * `normal` is the value that holds without the option. If it is not among the words of a CHOICE,
 * the sentence says what holds. After a change, `make options-page` writes docs/options.md anew.
 */
#pragma once

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/entry/fred.h"
#include "mm/frame/fault_inject.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack/stack_mode.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack_modes/stack_prefault.h"
#include "sched/stack/swapper.h"

enum panic_action { PANIC_HALT, PANIC_REBOOT, PANIC_EXIT };

#define SOAK_SECONDS_MAX     1000000
#define SOAK_THREADS_MAX     200000
#define BENCH_THREADS_MAX    1048000 /* there are 2^20 slots for 16 KiB stacks */
#define OOM_KILL_SECONDS_MAX 3600

/* clang-format off */
#define OPTION_LIST(TEXT, CHOICE, NUMBER, OFF_OR_NUMBER, FAULTS) \
    TEXT(test, "test", "PATTERN[,PATTERN]", "run the tests whose ids match, such as STK*") \
    TEXT(bench, "bench", "PATTERN[,PATTERN]", "run the benchmarks whose names match") \
    NUMBER(uint32_t, bench_threads, "bench-threads", 1, BENCH_THREADS_MAX, 1000, "threads", "how many threads the benchmark `million` has at once") \
    CHOICE(enum stack_mode, stack, "stack", "eager|fault|lend|prefault", STACK_MODE_EAGER, STACK_MODE_FAULT, "fill stacks at creation, by faults, at each switch, or before interrupts go off") \
    CHOICE(enum stack_prefault_mode, prefault, "prefault", "rule|check", STACK_PREFAULT_BY_RULE, STACK_PREFAULT_BY_RULE, "with stack=prefault: check before a touch by each site's rule, or always") \
    CHOICE(bool, ipc_handoff, "ipc", "keep|handoff", false, false, "handoff: a thread that waits in a message call gives its stack away") \
    CHOICE(enum entry_mode, entry, "entry", "idt|fred", ENTRY_MODE_IDT, ENTRY_MODE_BEST, "how events enter; without it, fred where the CPU has it") \
    NUMBER(uint32_t, magazine_rounds, "magazine", MAGAZINE_ROUNDS_MIN, MAGAZINE_ROUNDS_MAX, MAGAZINE_ROUNDS_DEFAULT, "pages", "size of each CPU's magazine") \
    NUMBER(uint32_t, reserve_frames, "reserve", MAGAZINE_ROUNDS_MIN, STACK_RESERVE_FRAMES_MAX, STACK_RESERVE_FRAMES_DEFAULT, "pages", "frames kept behind the magazines") \
    NUMBER(uint32_t, cached_stacks, "stack-cache", 0, STACK_CACHE_MAX, STACK_CACHE_DEFAULT, "stacks", "whole stacks that each CPU keeps for new threads") \
    CHOICE(enum stack_free, stack_free, "stack-free", "immediate|batched", STACK_FREE_IMMEDIATE, STACK_FREE_IMMEDIATE, "batched: stacks wait for a grace period, as with RCU; to learn from") \
    NUMBER(uint32_t, shrink_age_ms, "stack-shrink-age", 0, SWAPPER_AGE_MS_MAX, SWAPPER_SHRINK_AGE_MS, "ms", "take unused stack pages of threads that sleep so long; 0: never by age") \
    NUMBER(uint32_t, swap_age_ms, "stack-swap-age", 0, SWAPPER_AGE_MS_MAX, SWAPPER_SWAP_AGE_MS, "ms", "swap out the stacks of threads that sleep so long; 0: never by age") \
    NUMBER(unsigned, cpus, "cpus", 1, CPU_MAX, CPU_MAX, "", "start at most so many processors") \
    CHOICE(enum panic_action, panic, "panic", "halt|reboot|exit", PANIC_HALT, PANIC_HALT, "how the machine ends after a panic") \
    NUMBER(bool, exit, "exit", 0, 1, false, "", "leave the emulator when done; 1 implies panic=exit") \
    NUMBER(bool, monitor, "monitor", 0, 1, false, "", "go to the monitor, without the demonstration and the shell") \
    NUMBER(bool, shell, "shell", 0, 1, false, "", "start the shell in user mode without the demonstration; the monitor follows when it ends") \
    NUMBER(bool, demo, "demo", 0, 1, false, "", "the kernel's own demonstration comes before the shell, in place of the program demo") \
    CHOICE(enum log_level, log, "log", "error|warn|info|debug", LOG_ERROR, LOG_INFO, "least important log lines that are shown") \
    CHOICE(bool, gate_off, "gate", "on|off", false, false, "off: no dispatch gate, so a stack fault can fail; to learn from") \
    OFF_OR_NUMBER(uint32_t, oom_kill_seconds, "starve-kill", 1, OOM_KILL_SECONDS_MAX, "seconds", "kill an expendable thread when all threads have waited for memory so long, or the task with the most frames when a page of a program has found none") \
    CHOICE(bool, depth_exact, "depth", "page|exact", false, false, "how stack depths are measured; exact zeroes reused stacks") \
    FAULTS(inject_every, "fault-inject", "KIND:N[,KIND:N]", "fail each N-th refill or reserve-only refill, or allocation N") \
    NUMBER(uint32_t, trace_thousands, "trace", 0, 10000, 0, "thousand events", "write a trace to the second serial port, of at most so many events; 0: none") \
    NUMBER(uint32_t, soak_seconds, "soak", 0, SOAK_SECONDS_MAX, 0, "seconds", "run everything at once for so long, and check all of it; 0: no soak") \
    NUMBER(uint32_t, soak_threads, "soak-threads", 0, SOAK_THREADS_MAX, 0, "threads", "the soak's most threads at once; 0: as many as can go deep at once, at most 4000") \
    NUMBER(uint64_t, seed, "seed", 0, UINT64_MAX, 1, "", "where the random choices of tests begin")
/* clang-format on */
