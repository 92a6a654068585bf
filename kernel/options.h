/*
 * The knobs that can be turned at boot, by the command line: words of the form name=value. An
 * unknown name or a value that makes no sense is reported by name and ignored, never guessed.
 */
#pragma once

#include "arch/x86_64/entry/fred.h"
#include "lib/compiler.h"
#include "mm/frame/fault_inject.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_cache.h"
#include "mm/stack_modes/stack_prefault.h"

enum panic_action { PANIC_HALT, PANIC_REBOOT, PANIC_EXIT };

#define OPTION_TEXT_BYTES 256

struct options {
    char test[OPTION_TEXT_BYTES];  /* patterns of tests to run; empty: none */
    char bench[OPTION_TEXT_BYTES]; /* patterns of benchmarks to run */
    enum stack_mode stack;
    enum stack_prefault_mode prefault;
    enum entry_mode entry;
    uint32_t magazine_rounds;
    uint32_t reserve_frames;
    uint32_t cached_stacks; /* whole stacks in a CPU's cache, at most */
    enum stack_free stack_free;
    uint32_t shrink_age_ms; /* of sleeping threads' stacks; 0: never by age */
    uint32_t swap_age_ms;
    unsigned cpus; /* at most so many */
    enum panic_action panic;
    bool exit; /* leave the emulator when done */
    bool gate_off;
    bool depth_exact;
    uint32_t oom_kill_seconds;                 /* 0: off */
    uint32_t inject_every[FAULT_INJECT_KINDS]; /* 0: not */
    bool monitor;                              /* go to the monitor, without the demonstration */
    uint32_t soak_seconds;                     /* 0: no soak */
    uint64_t seed;
};

/* The values in force; the defaults until options_parse(). */
extern struct options options;

/* Takes the command line apart. Once, at boot, on CPU 0. */
void options_parse(const char *command_line);

/* Lists all options with their units through `line`, one a line. */
void options_list(void (*line)(const char *text));
