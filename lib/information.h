/*
 * Information about the whole system for user programs: what ps, top, stacks and kstat show. A
 * handle of type information with the right to read gives it, and nothing else. No address of the
 * kernel is in it.
 *
 * information_read() gives struct information. information_list() gives records of one kind, some
 * at a time: a program asks again, from behind the last record on, until it gets none. Tasks and
 * threads come in the order of their ids, so a task or thread that exists during all of these calls
 * is listed exactly once. A later version may add members at the end of a record. So a program
 * takes the length of each kind of record from struct information.
 */
#pragma once

#include "lib/compiler.h"

#define INFORMATION_VERSION 3

/*
 * New members are added at the end, with a new version; a reader gets as many bytes as it asks for.
 */
struct information {
    uint32_t version; /* INFORMATION_VERSION of the kernel */
    uint32_t bytes;   /* sizeof(struct information) of the kernel */
    uint64_t clock_ns;
    uint32_t cpus;    /* online */
    uint32_t threads; /* of the kernel and of programs, idle threads included */
    uint64_t frames_total;
    uint64_t frames_free;
    uint32_t page_bytes;
    uint32_t system_calls; /* how many there are: numbers below this are known */
    /* Since version 2: */
    uint32_t tasks;
    uint16_t task_bytes, thread_bytes, cpu_bytes, counter_bytes; /* of a record of each kind */
    uint32_t counters;
};

/* Kinds of records, and what `from` is for each. */
#define INFORMATION_TASKS    1 /* the lowest id */
#define INFORMATION_THREADS  2 /* the lowest id */
#define INFORMATION_CPUS     3 /* the number of the first CPU */
#define INFORMATION_COUNTERS 4 /* the number of the first counter, in the order of the list */

#define INFORMATION_NAME_BYTES    32
#define INFORMATION_MEANING_BYTES 96

struct information_task {
    uint32_t id;
    uint32_t threads;
    char name[INFORMATION_NAME_BYTES];
    uint32_t handles; /* open */
    uint32_t handles_most;
    uint64_t frames; /* that it owns: of its memory objects and page tables */
    uint64_t frames_most;
    uint32_t threads_most;
    uint32_t ending; /* 1: no thread can be added any more */
};

enum information_state {
    INFORMATION_READY,
    INFORMATION_RUNNING,
    INFORMATION_BLOCKED,
    INFORMATION_WAITS_MEMORY, /* ready, but no frames cover its stack */
    INFORMATION_SWAPPED,      /* blocked, and its stack was taken */
};

/* The thread runs on another CPU, which alone knows its stack pointer. */
#define INFORMATION_USED_UNKNOWN UINT32_MAX

struct information_thread {
    uint32_t id;
    uint32_t task; /* 0: a thread of the kernel */
    char name[INFORMATION_NAME_BYTES];
    uint8_t state; /* INFORMATION_READY, ... */
    uint8_t priority;
    uint8_t cpu;
    uint8_t has_fpu;
    uint16_t stack_pages;          /* of addresses */
    uint16_t stack_pages_resident; /* that have memory */
    uint16_t stack_pages_most;     /* that ever had, as far as is known */
    uint16_t unused[3];
    uint64_t cpu_ns; /* that it has run: counted in ticks of the timer */
    /* Since version 3: */
    uint32_t stack_used; /* bytes from the top to its stack pointer, or INFORMATION_USED_UNKNOWN */
    uint32_t unused_end;
};

struct information_cpu {
    uint32_t number;
    uint32_t thread;  /* that runs */
    uint64_t idle_ns; /* counted in ticks of the timer */
    uint64_t switches;
    uint64_t steals; /* threads that it took from other CPUs */
    uint64_t interrupts;
    uint64_t stack_faults[3]; /* that brought one, two and three pages */
    uint64_t refills;         /* of its magazine */
    uint64_t refill_failures;
    uint32_t magazine_rounds;
    uint32_t magazine_low_water;
};

struct information_counter {
    char name[INFORMATION_NAME_BYTES];
    char meaning[INFORMATION_MEANING_BYTES];
    uint64_t value;
};
