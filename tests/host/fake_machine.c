/* The faked architecture at run time: CPUs as threads, memory, panic. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "mm/frame/frame_collect.h"
#include "tests/host/host.h"

#define MEMORY_ALIGNMENT_SHIFT 30

__thread bool fake_interrupts_on = true;
__thread unsigned fake_cpu;
__thread unsigned fake_preempt_count;
__thread uintptr_t fake_cr2;
unsigned fake_cpu_count = 1;
uintptr_t percpu_offset[CPU_MAX];
unsigned char *fake_memory;

bool host_panic_expected;
jmp_buf host_panic_return;
char host_panic_message[512];

/* A test that expects the panic goes on after the statement; any other test ends here. */
void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(host_panic_message, sizeof(host_panic_message), format, arguments);
    va_end(arguments);
    if (host_panic_expected) {
        host_panic_expected = false;
        fake_interrupts_on = true;
        fake_preempt_count = 0;
        longjmp(host_panic_return, 1);
    }
    printf("# PANIC: %s\n", host_panic_message);
    fflush(stdout);
    abort();
}

void log_print(enum log_level level maybe_unused, const char *format, ...)
{
    va_list arguments;

    if (getenv("HOST_LOG") == NULL) {
        return;
    }
    printf("# log: ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void host_memory_create(size_t bytes)
{
    fake_memory = mmap(NULL, bytes + (1UL << MEMORY_ALIGNMENT_SHIFT), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fake_memory == MAP_FAILED) {
        panic("no host memory");
    }
    /* The direct map is aligned well beyond the largest block, so this must be too. */
    fake_memory = (unsigned char *)align_up((uintptr_t)fake_memory, 1UL << MEMORY_ALIGNMENT_SHIFT);
}

void host_cpus_create(unsigned count)
{
    fake_cpu_count = count;
    for (unsigned cpu = 1; cpu < count; cpu++) {
        percpu_offset[cpu] = cpu;
    }
}

struct cpu_start {
    unsigned cpu;
    void (*work)(unsigned cpu);
};

static void *cpu_run(void *argument)
{
    const struct cpu_start *start = argument;

    fake_cpu = start->cpu;
    start->work(start->cpu);
    return NULL;
}

void host_cpus_run(unsigned count, void (*work)(unsigned cpu))
{
    pthread_t threads[CPU_MAX];
    struct cpu_start starts[CPU_MAX];

    for (unsigned cpu = 0; cpu < count; cpu++) {
        starts[cpu] = (struct cpu_start){cpu, work};
        if (pthread_create(&threads[cpu], NULL, cpu_run, &starts[cpu]) != 0) {
            panic("no host thread");
        }
    }
    for (unsigned cpu = 0; cpu < count; cpu++) {
        pthread_join(threads[cpu], NULL);
    }
}

/* Nobody takes interrupts here. */
bool frame_collect(void)
{
    return false;
}

bool fake_caches_only_accessed;

unsigned cpu_physical_bits(void)
{
    return 40;
}

uint32_t cpu_initial_apic_id(void)
{
    return 0;
}

bool cpu_caches_only_accessed(void)
{
    return fake_caches_only_accessed;
}
