/* See information.h. Records begin as zeroes, so that padding tells nothing. */
#include "kernel/information/information.h"

#include "arch/x86_64/entry/user_context.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/information/counters.h"
#include "kernel/task/user_thread.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "sched/core/run_queue.h"
#include "sched/core/schedule.h"
#include "sched/core/stack_used.h"

#define TICK_NS (1000000000UL / SCHEDULE_TICK_HZ)

static_assert(INFORMATION_USED_UNKNOWN == STACK_USED_UNKNOWN, "one mark for programs and kernel");

struct information information_totals(void)
{
    return (struct information){
        .version = INFORMATION_VERSION,
        .bytes = sizeof(struct information),
        .clock_ns = clock_now_ns(),
        .cpus = cpu_online_count(),
        .threads = thread_count(),
        .frames_total = frame_total_count(),
        .frames_free = frame_free_count(),
        .page_bytes = PAGE_BYTES,
        .system_calls = (uint32_t)syscall_count,
        .tasks = task_count(),
        .task_bytes = sizeof(struct information_task),
        .thread_bytes = sizeof(struct information_thread),
        .cpu_bytes = sizeof(struct information_cpu),
        .counter_bytes = sizeof(struct information_counter),
        .counters = counter_count(),
    };
}

/* The buffer for the records, and which of them are wanted. */
struct records {
    uint64_t from; /* the lowest id that is wanted */
    char *next;
    size_t room;
};

/* Returns a record of zeroes, or NULL if there is no room. */
static void *record_add(struct records *records, size_t bytes)
{
    if (records->room < bytes) {
        return NULL;
    }
    void *record = records->next;
    memset(record, 0, bytes);
    records->next += bytes;
    records->room -= bytes;
    return record;
}

static uint8_t thread_state_told(const struct thread *thread)
{
    if (thread->pending & THREAD_PENDING_SWAPPED) {
        return INFORMATION_SWAPPED;
    }
    switch (thread->state) {
    case THREAD_RUNNING:
        return INFORMATION_RUNNING;
    case THREAD_BLOCKED:
    case THREAD_SWAP_CANDIDATE:
        return INFORMATION_BLOCKED;
    case THREAD_WAITS_MEMORY:
        return INFORMATION_WAITS_MEMORY;
    default:
        return INFORMATION_READY;
    }
}

/*
 * Adds the record of a thread, if it is wanted and finds room. The list's lock is held, so the
 * thread's task and name are not freed meanwhile: see thread_list_settle().
 */
static void thread_take(struct thread *thread, void *context)
{
    struct records *records = context;
    if (thread->id < records->from || thread->state == THREAD_DEAD) {
        return;
    }
    struct information_thread *record = record_add(records, sizeof(*record));
    if (record == NULL) {
        return;
    }
    const struct user_thread *user = __atomic_load_n(&thread->user, __ATOMIC_RELAXED);
    const struct task *task = user != NULL ? user->task : NULL;
    record->id = thread->id;
    record->task = task != NULL ? task->id : 0;
    (void)string_copy(record->name, sizeof(record->name), thread->name);
    record->state = thread_state_told(thread);
    record->priority = thread->priority;
    record->cpu = thread->cpu;
    record->has_fpu = user != NULL && user->context.fpu != NULL;
    record->stack_pages = (uint16_t)(stack_bytes_of(thread->slot) / PAGE_BYTES);
    record->stack_pages_resident = (uint16_t)stack_pages_backed(thread->slot);
    record->stack_pages_most = thread->pages_most > record->stack_pages_resident
                                   ? thread->pages_most
                                   : record->stack_pages_resident;
    record->cpu_ns = thread->run_ticks * TICK_NS;
    record->stack_used = stack_used_bytes(thread);
}

/* Adds the record of a task, if it is wanted and finds room. The list's lock is held. */
static void task_take(struct task *task, void *context)
{
    struct records *records = context;
    if (task->id < records->from) {
        return;
    }
    struct information_task *record = record_add(records, sizeof(*record));
    if (record == NULL) {
        return;
    }
    record->id = task->id;
    record->threads = task->thread_count;
    (void)string_copy(record->name, sizeof(record->name), task->name);
    record->handles = task->handles.open;
    record->handles_most = task->handles.limit;
    record->frames = __atomic_load_n(&task->quota->used, __ATOMIC_RELAXED);
    record->frames_most = task->quota->limit;
    record->threads_most = task->thread_limit;
    record->ending = task->dying;
}

static void cpu_take(unsigned cpu, struct information_cpu *record)
{
    const struct run_queue *queue = &cpu_variable(run_queue, cpu);
    const struct magazine *own = &cpu_variable(magazine, cpu);
    record->number = cpu;
    record->thread = schedule_running_id(cpu);
    record->idle_ns = queue->idle->run_ticks * TICK_NS;
    record->switches = queue->switches;
    record->steals = queue->steals;
    record->interrupts = counter_cpu_interrupts(cpu);
    for (unsigned i = 0; i < array_length(record->stack_faults); i++) {
        record->stack_faults[i] = own->faults[i + 1];
    }
    record->refills = own->refills;
    record->refill_failures = own->refill_failures;
    record->magazine_rounds = own->capacity;
    record->magazine_low_water = own->low_water;
}

static void cpus_take(struct records *records)
{
    struct information_cpu *record;
    for (uint64_t cpu = records->from;
         cpu < cpu_online_count() && (record = record_add(records, sizeof(*record))) != NULL;
         cpu++) {
        cpu_take((unsigned)cpu, record);
    }
}

static void counters_take(struct records *records)
{
    struct information_counter *record;
    for (uint64_t number = records->from;
         number < counter_count() && (record = record_add(records, sizeof(*record))) != NULL;
         number++) {
        (void)string_copy(record->name, sizeof(record->name), counter_name((unsigned)number));
        (void)string_copy(record->meaning, sizeof(record->meaning),
                          counter_meaning((unsigned)number));
        record->value = counter_value((unsigned)number);
    }
}

int64_t information_records(uint64_t kind, uint64_t from, void *buffer, size_t bytes)
{
    struct records records = {.from = from, .next = buffer, .room = bytes};
    switch (kind) {
    case INFORMATION_TASKS:
        task_for_each(task_take, &records);
        break;
    case INFORMATION_THREADS:
        thread_for_each(thread_take, &records);
        break;
    case INFORMATION_CPUS:
        cpus_take(&records);
        break;
    case INFORMATION_COUNTERS:
        counters_take(&records);
        break;
    default:
        return ERROR_INVALID;
    }
    return records.next - (char *)buffer;
}
