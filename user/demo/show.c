/* See show.h. */
#include "user/demo/show.h"

#include "lib/error.h"
#include "lib/information.h"
#include "lib/string.h"
#include "user/demo/diver.h"
#include "user/lib/records.h"
#include "user/lib/stream.h"

#define STACK_PAGES   4
#define PAGE_KIB      4UL
#define TABLE_PAGES   512 /* of addresses, by one page table */
#define SLOT_PER_PAGE 2   /* pages of addresses for a page of a stack: half of them are the guard */

#define DIM     "\x1b[90m"
#define HEADING "\x1b[1;36m"
#define GOOD    "\x1b[1;32m"
#define PLAIN   "\x1b[0m"

static int failed; /* the first error of print() */

static void print(const char *format, ...) printf_like(1, 2);
static void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (failed == OK) {
        failed = stream_print_list(stream_output(), format, arguments);
    }
    va_end(arguments);
}

static bool cpu_is_emulated(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c >> 31) != 0;
}

/* Says why a diver has met no page without memory. */
static const char *no_fault_reason(const struct stack_descent *descent)
{
    if (descent->pages_before >= STACK_PAGES) {
        return "all pages there at the begin";
    }
    return descent->pages_after > descent->pages_before ? "pages came ahead of their use"
                                                        : "within the first page";
}

static void diver_faults_print(const struct diver *diver, unsigned *faults, unsigned *pages)
{
    const struct stack_descent *descent = &diver->descent;

    for (unsigned i = 0; i < descent->touches; i++) {
        print("%3u %-9s  %-17s %-15s %5lu    +%u %8lu  %3u\n", descent->cpu, diver->name,
              diver->function, diver->holds == NULL ? "" : diver->holds, descent->touch[i].depth,
              descent->touch[i].pages, descent->touch[i].ticks, descent->touch[i].available);
        ++*faults;
        *pages += descent->touch[i].pages;
    }
    if (descent->touches == 0) {
        print(DIM "%3u %-9s  no fault: %lu bytes deep, %s" PLAIN "\n", diver->cpu, diver->name,
              descent->deepest, no_fault_reason(descent));
    }
}

static void faults_print(void)
{
    unsigned faults = 0, pages = 0;

    print(HEADING "CPU thread     in the kernel     holding         depth pages    ticks left" PLAIN
                  "\n");
    for (unsigned i = 0; i < DIVERS; i++) {
        diver_faults_print(&divers[i], &faults, &pages);
    }
    if (faults == 0) {
        print("No faults: with stack=eager or lend a stack is whole while its thread runs.\n");
        return;
    }
    print("%u faults brought %u pages. \"left\": frames in the CPU's magazine.\n"
          "\"ticks\": of the TSC, for a fault; the least of %u rounds%s.\n",
          faults, pages, DIVER_ROUNDS, cpu_is_emulated() ? "; this CPU is emulated" : "");
}

static void picture_print(const struct diver *diver)
{
    const struct stack_descent *descent = &diver->descent;

    print("%-9s  [", diver->name);
    for (unsigned page = STACK_PAGES; page > 0; page--) {
        print("%s" PLAIN "%s", page <= descent->pages_after ? GOOD "####" : DIM "....",
              page == 1 ? "]" : " ");
    }
    print("  %u page%s  %5lu bytes\n", descent->pages_after, descent->pages_after == 1 ? " " : "s",
          descent->deepest);
}

static void pictures_print(void)
{
    print("\n" HEADING "thread     end      stack      top   backed  deepest" PLAIN "\n");
    for (unsigned i = 0; i < DIVERS; i++) {
        picture_print(&divers[i]);
    }
    print("#### 4 KiB that are there   .... a hole: no memory yet\n");
}

/* The pages of the kernel's stacks, and what they would be if all were there at once. */
struct memory {
    uint64_t threads, backed, magazines, reserve, unowned, tables, eager;
};

static void threads_count(struct memory *memory)
{
    static struct records records = {.kind = INFORMATION_THREADS,
                                     .size = sizeof(struct information_thread)};
    const struct information_thread *thread;
    uint64_t pages = 0;

    while ((thread = records_next(&records)) != NULL) {
        memory->threads++;
        memory->backed += thread->stack_pages_resident;
        pages += thread->stack_pages;
    }
    memory->eager = pages + (pages * SLOT_PER_PAGE + TABLE_PAGES - 1) / TABLE_PAGES;
}

static void magazines_count(struct memory *memory)
{
    static struct records records = {.kind = INFORMATION_CPUS,
                                     .size = sizeof(struct information_cpu)};
    const struct information_cpu *cpu;

    while ((cpu = records_next(&records)) != NULL) {
        memory->magazines += cpu->magazine_rounds;
    }
}

static void counters_read(struct memory *memory)
{
    static struct records records = {.kind = INFORMATION_COUNTERS,
                                     .size = sizeof(struct information_counter)};
    const struct information_counter *counter;

    while ((counter = records_next(&records)) != NULL) {
        if (string_equal(counter->name, "stack_reserve")) {
            memory->reserve = counter->value;
        } else if (string_equal(counter->name, "stack_pages_unowned")) {
            memory->unowned = counter->value;
        } else if (string_equal(counter->name, "stack_tables")) {
            memory->tables = counter->value;
        }
    }
}

static void part_print(const char *name, uint64_t pages)
{
    print("  %-44s %6lu pages %6lu KiB\n", name, pages, pages * PAGE_KIB);
}

static void memory_print(unsigned crowd)
{
    struct memory memory = {.threads = 0};

    threads_count(&memory);
    magazines_count(&memory);
    counters_read(&memory);
    uint64_t all =
        memory.backed + memory.magazines + memory.reserve + memory.unowned + memory.tables;
    print("\n" HEADING "Memory for kernel stacks" PLAIN "\n"
          "While %u more threads wait in a system call there are %lu stacks:\n",
          crowd, memory.threads);
    part_print("backed pages of these", memory.backed);
    part_print("the magazines of all CPUs, when full", memory.magazines);
    part_print("in the reserve behind them", memory.reserve);
    part_print("stacks kept for the next threads", memory.unowned);
    part_print("page tables of the stacks' addresses", memory.tables);
    part_print("all", all);
    part_print("the same stacks, whole at once", memory.eager);
    if (all < memory.eager) {
        print(GOOD "Saved: %lu KiB, %lu %%" PLAIN "\n", (memory.eager - all) * PAGE_KIB,
              (memory.eager - all) * 100 / memory.eager);
    } else {
        print("Nothing is saved: the stacks are whole, or too few for what the magazines hold.\n");
    }
}

int show(unsigned crowd)
{
    print("\n" HEADING "System calls go down their kernel stacks" PLAIN "\n"
          "A kernel stack has 16 KiB of addresses, and 4 KiB of memory at first. A touch\n"
          "of a missing page faults; the handler maps frames from its CPU's magazine.\n\n");
    faults_print();
    pictures_print();
    memory_print(crowd);
    print("\nTry: stacks, kstat stack, crash 11, top, help. Control-] goes to the kernel's\n"
          "monitor, and 'resume' there comes back.\n");
    return failed;
}
