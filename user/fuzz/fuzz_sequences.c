/*
 * Sequences: a few calls in an order that leads to errors which calls at random hardly ever meet.
 * Each works with objects of its own, which it closes at the end, so it may end tasks and use devices.
 */
#include "lib/abi.h"
#include "user/fuzz/sequence.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define PLACE   0x10000000UL /* in a sequence's task */
#define NOWHERE (1UL << 63)  /* CPUs that the machine does not have */
#define FOREVER UINT64_MAX
#define MOST    (UINT64_MAX >> 1)

#define TASK_FRAMES    32
#define MEMORY_PAGES   64  /* more than the task may have */
#define MAPPINGS_MOST  200 /* more than fit into the frame that is left for their descriptors */
#define REGISTER_TRIES 100

#define NO_LINE       99           /* there are 16 */
#define RAM           0x100000UL   /* of the kernel itself */
#define NO_DEVICE     0xd0000000UL /* physical addresses where nothing answers */
#define NO_ADDRESS    (1UL << 60)  /* beyond those that a processor has */
#define OWN_PORT      0x80
#define CONSOLE_TRIES 200
#define NO_ACTION     999
#define DEEP_BYTES    8192

static struct place {
    struct memory_mapping mapping;
    struct thread_registers registers;
    char text[16];
    uint64_t port, notification; /* kept open */
} places[FUZZ_THREADS];

static void close(int64_t handle)
{
    if (handle > 0) {
        ignore_result(sys_handle_close((uint64_t)handle)); /* another thread may have closed it */
    }
}

void fuzz_sequences_init(unsigned number)
{
    int64_t port =
        sys_ports_create(program_start.handles[PROGRAM_HANDLE_PORTS], OWN_PORT, 1, RIGHTS_ALL);
    int64_t notification = sys_notification_create();

    places[number].port = port > 0 ? (uint64_t)port : 0;
    places[number].notification = notification > 0 ? (uint64_t)notification : 0;
    fuzz_keep(places[number].port);
    fuzz_keep(places[number].notification);
}

/* A task of a sequence, with two threads, one of which starts, and memory. */
struct sequence_task {
    uint64_t task, thread, other, memory;
};

static uint64_t mapping_at(struct place *place, uint64_t address, uint64_t pages, uint64_t rights)
{
    place->mapping = (struct memory_mapping){
        .address = address, .bytes = pages * PAGE_BYTES, .offset = 0, .rights = rights};
    return (uintptr_t)&place->mapping;
}

/* The thread is suspended before it starts, so it never comes to user mode. */
static void threads_act(const struct sequence_task *own, struct place *place)
{
    uint64_t registers = (uintptr_t)&place->registers;
    int64_t nowhere = make(SYS_THREAD_CREATE, own->task, 1, NOWHERE, 0, 0);

    make(SYS_THREAD_CREATE, own->task, MOST, 0, 0, 0);
    make(SYS_THREAD_CREATE, own->task, 1, 0, MOST, 0);
    make(SYS_THREAD_START, (uint64_t)nowhere, PLACE, PLACE, 0, 0);
    close(nowhere);
    make(SYS_TASK_LIMITS_SET, own->task, 1, 0, 0, 0);
    make(SYS_TASK_LIMITS_SET, own->task, MOST, 0, 0, 0);
    make(SYS_THREAD_SUSPEND, own->thread, 0, 0, 0, 0);
    make(SYS_THREAD_START, own->thread, 0, 0, 0, 0);
    make(SYS_THREAD_START, own->thread, PLACE, PLACE, 0, 0);
    make(SYS_THREAD_START, own->thread, PLACE, PLACE, 0, 0);
    make(SYS_THREAD_START, own->other, PLACE, PLACE, 0, 0);
    make(SYS_THREAD_SUSPEND, own->thread, 0, 0, 0, 0);
    make(SYS_THREAD_PRIORITY_SET, own->thread, MOST, 0, 0, 0);
    make(SYS_THREAD_REGISTERS_WRITE, own->other, registers, 0, 0, 0);
    for (unsigned i = 0; i < REGISTER_TRIES &&
                         make(SYS_THREAD_REGISTERS_READ, own->thread, registers, 0, 0, 0) != OK;
         i++) {
        ignore_result(sys_thread_yield());
    }
    make(SYS_THREAD_REGISTERS_READ, own->thread, BAD, 0, 0, 0);
    make(SYS_THREAD_REGISTERS_WRITE, own->thread, BAD, 0, 0, 0);
    place->registers.rip = BAD;
    make(SYS_THREAD_REGISTERS_WRITE, own->thread, registers, 0, 0, 0);
    make(SYS_THREAD_WAIT, own->thread, 0, 0, 0, 0);
    make(SYS_TASK_WAIT, own->task, 0, 0, 0, 0);
}

/* Fills the task's quota of frames, and its table of handles. */
static void quotas_fill(const struct sequence_task *own, struct place *place)
{
    unsigned count = 0;
    int64_t reader = sys_handle_duplicate(own->memory, RIGHT_READ);

    make(SYS_MEMORY_MAP, own->task, own->memory,
         mapping_at(place, PLACE, 3, RIGHT_READ | RIGHT_WRITE), 0, 0);
    make(SYS_MEMORY_MAP, own->task, (uint64_t)reader,
         mapping_at(place, PLACE + 8 * PAGE_BYTES, 1, RIGHT_READ), 0, 0);
    make(SYS_MEMORY_PROTECT, own->task, PLACE + 8 * PAGE_BYTES, PAGE_BYTES,
         RIGHT_READ | RIGHT_WRITE, 0);
    close(reader);
    make(SYS_MEMORY_COMMIT, own->memory, 0, MEMORY_PAGES * PAGE_BYTES, 0, 0);
    while (count < MAPPINGS_MOST &&
           make(SYS_MEMORY_MAP, own->task, own->memory,
                mapping_at(place, 2 * PLACE + 2 * count * PAGE_BYTES, 1, RIGHT_READ), 0, 0) > 0) {
        count++;
    }
    make(SYS_MEMORY_UNMAP, own->task, PLACE + PAGE_BYTES, PAGE_BYTES, 0, 0);
    make(SYS_MEMORY_PROTECT, own->task, PLACE + PAGE_BYTES, PAGE_BYTES, RIGHT_READ, 0);
    make(SYS_TASK_LIMITS_SET, own->task, 0, 1, 0, 0);
    make(SYS_HANDLE_GRANT, own->task, own->memory, RIGHT_READ, 0, 0);
    make(SYS_HANDLE_GRANT, own->task, own->memory, RIGHT_READ, 0, 0);
}

/* What can be done to a task that has ended. */
static void ended_act(const struct sequence_task *own, struct place *place)
{
    uint64_t registers = (uintptr_t)&place->registers;
    uint64_t mapping = mapping_at(place, PLACE, 1, RIGHT_READ);
    int64_t endpoint = sys_endpoint_create();

    make(SYS_TASK_KILL, own->task, 7, 0, 0, 0);
    make(SYS_TASK_WAIT, own->task, FOREVER, BAD, 0, 0);
    make(SYS_THREAD_WAIT, own->thread, FOREVER, BAD, 0, 0);
    make(SYS_THREAD_START, own->other, PLACE, PLACE, 0, 0);
    make(SYS_THREAD_SUSPEND, own->thread, 0, 0, 0, 0);
    make(SYS_THREAD_REGISTERS_READ, own->thread, registers, 0, 0, 0);
    make(SYS_THREAD_REGISTERS_WRITE, own->thread, registers, 0, 0, 0);
    make(SYS_THREAD_CREATE, own->task, 1, 0, 0, 0);
    make(SYS_HANDLE_GRANT, own->task, own->memory, RIGHT_READ, 0, 0);
    make(SYS_MEMORY_MAP, own->task, own->memory, mapping, 0, 0);
    make(SYS_MEMORY_MAP_PAGED, own->task, own->memory, mapping, (uint64_t)endpoint, 0);
    make(SYS_MEMORY_UNMAP, own->task, PLACE, PAGE_BYTES, 0, 0);
    make(SYS_MEMORY_PROTECT, own->task, PLACE, PAGE_BYTES, RIGHT_READ, 0);
    make(SYS_TASK_HANDLER_SET, own->task, (uint64_t)endpoint, 0, 0, 0);
    close(endpoint);
}

static void task_sequence(struct place *place)
{
    int64_t task = make(SYS_TASK_CREATE, (uintptr_t)place->text, 1, TASK_FRAMES, 0, 0);

    if (task < 0) {
        return; /* the table is full, or there is no memory */
    }
    int64_t thread = make(SYS_THREAD_CREATE, (uint64_t)task, 1, 0, 0, 0);
    int64_t other = make(SYS_THREAD_CREATE, (uint64_t)task, 1, 0, 0, 0);
    int64_t memory = make(SYS_MEMORY_CREATE, (uint64_t)task, MEMORY_PAGES * PAGE_BYTES, 0, 0, 0);
    const struct sequence_task own = {(uint64_t)task, (uint64_t)thread, (uint64_t)other,
                                      (uint64_t)memory};
    if (thread > 0 && other > 0 && memory > 0) {
        threads_act(&own, place);
        quotas_fill(&own, place);
        ended_act(&own, place);
    }
    close(memory);
    close(other);
    close(thread);
    close(task);
}

/* Calls that are made in sequences alone, or need a handle of a type that the pool hardly has. */
static const uint8_t rare_calls[] = {SYS_INFORMATION_READ,
                                     SYS_INTERRUPT_CREATE,
                                     SYS_TASK_KILL,
                                     SYS_THREAD_CREATE,
                                     SYS_THREAD_START,
                                     SYS_THREAD_KILL,
                                     SYS_THREAD_WAIT,
                                     SYS_THREAD_PRIORITY_SET,
                                     SYS_THREAD_SUSPEND,
                                     SYS_THREAD_REGISTERS_READ,
                                     SYS_THREAD_REGISTERS_WRITE,
                                     SYS_MEMORY_CREATE,
                                     SYS_MEMORY_PHYSICAL,
                                     SYS_MEMORY_UNMAP,
                                     SYS_INFORMATION_LIST,
                                     SYS_LOG_READ,
                                     SYS_LOG_WRITE,
                                     SYS_SYSTEM_CONTROL,
                                     SYS_CONSOLE_TAKE,
                                     SYS_TASK_LIMITS_SET,
                                     SYS_STACK_DESCEND};

static void each_rare_call(uint64_t handle)
{
    for (unsigned i = 0; i < array_length(rare_calls); i++) {
        make(rare_calls[i], handle, 0, 0, 0, 0);
    }
}

/* Handles without rights, of each type that a program is given, and handles that are none. */
static void handle_sequence(struct place *place)
{
    static const enum program_handle given[] = {PROGRAM_HANDLE_TASK, PROGRAM_HANDLE_THREAD,
                                                PROGRAM_HANDLE_SYSTEM, PROGRAM_HANDLE_LOG,
                                                PROGRAM_HANDLE_INFORMATION};
    int64_t closed = sys_handle_duplicate(place->notification, 0);

    for (unsigned i = 0; i < array_length(given); i++) {
        int64_t weak = sys_handle_duplicate(program_start.handles[given[i]], 0);

        if (weak > 0) {
            each_rare_call((uint64_t)weak);
        }
        close(weak);
    }
    close(closed);
    if (closed > 0) {
        each_rare_call((uint64_t)closed);
        each_rare_call((uint64_t)closed - GENERATION_ONE); /* stale, if there was one before */
    }
    each_rare_call(UINT32_MAX);
}

static void device_sequence(struct place *place)
{
    uint64_t system = program_start.handles[PROGRAM_HANDLE_SYSTEM];
    uint64_t log = program_start.handles[PROGRAM_HANDLE_LOG];

    make(SYS_MEMORY_PHYSICAL, system, 1, PAGE_BYTES, 0, 0);
    make(SYS_MEMORY_PHYSICAL, system, NO_ADDRESS, PAGE_BYTES, 0, 0);
    make(SYS_MEMORY_PHYSICAL, system, RAM, PAGE_BYTES, 0, 0);
    close(make(SYS_MEMORY_PHYSICAL, system, NO_DEVICE, PAGE_BYTES, 0, 0));
    make(SYS_INTERRUPT_CREATE, system, NO_LINE, place->notification, 1, 0);
    int64_t line = make(SYS_INTERRUPT_CREATE, system, FREE_LINE, place->notification, 1, 0);
    make(SYS_INTERRUPT_CREATE, system, FREE_LINE, place->notification, 1, 0);
    close(line);
    close(make(SYS_PORTS_CREATE, place->port, OWN_PORT, 1, RIGHT_READ, 0));
    make(SYS_PORTS_CREATE, place->port, OWN_PORT + 1, 1, RIGHT_READ, 0);
    make(SYS_PORT_READ, place->port, OWN_PORT, 3, 0, 0);
    make(SYS_PORT_READ, place->port, OWN_PORT + 1, 1, 0, 0);
    make(SYS_PORT_WRITE, place->port, OWN_PORT, 3, 0, 0);
    make(SYS_PORT_WRITE, place->port, OWN_PORT + 1, 1, 0, 0);
    make(SYS_SYSTEM_CONTROL, system, NO_ACTION, 0, 0, 0);
    make(SYS_LOG_WRITE, log, (uintptr_t)place->text, MOST, 0, 0);
    make(SYS_LOG_WRITE, log, BAD, 1, 0, 0);
}

/* Takes the serial port for a moment. What is printed meanwhile is shown afterwards. */
static void console_sequence(struct place *place)
{
    uint64_t system = program_start.handles[PROGRAM_HANDLE_SYSTEM];
    int64_t console = make(SYS_CONSOLE_TAKE, system, place->notification, 1, 2, 4);

    if (console < 0) {
        return;
    }
    make(SYS_CONSOLE_TAKE, system, place->notification, 1, 2, 4);
    make(SYS_LOG_WRITE, program_start.handles[PROGRAM_HANDLE_LOG], (uintptr_t)place->text, 1, 0, 0);
    for (unsigned i = 0;
         i < CONSOLE_TRIES && make(SYS_CONSOLE_READ, (uint64_t)console, BAD, 1, 0, 0) == 0; i++) {
        ignore_result(sys_thread_yield()); /* the line is on its way */
    }
    close(console);
}

void fuzz_sequence(struct fuzz_pool *pool)
{
    struct place *place = &places[pool->number];

    place->text[0] = 's';
    switch (random_below(&pool->random, 128)) {
    case 0:
        console_sequence(place);
        break;
    case 1 ... 40:
        device_sequence(place);
        break;
    case 41 ... 60:
        handle_sequence(place);
        break;
    default:
        task_sequence(place);
    }
}

/*
 * With a limit of one page of kernel stacks, which the program has passed long ago, calls that
 * allocate are refused. No limit can be raised again, so this comes last.
 */
void fuzz_sequence_last(void)
{
    struct place *place = &places[0];
    uint64_t own = program_start.handles[PROGRAM_HANDLE_TASK];
    int64_t memory = sys_memory_create(own, PAGE_BYTES), endpoint = sys_endpoint_create();
    int64_t thread = sys_thread_create(own, 1, 0, 0);
    uint64_t mapping = mapping_at(place, 0, 1, RIGHT_READ);

    if (memory > 0 && endpoint > 0 && thread > 0) {
        make(SYS_STACK_DESCEND, program_start.handles[PROGRAM_HANDLE_INFORMATION], 0, DEEP_BYTES,
             (uintptr_t)&place->registers, 0);
        make(SYS_TASK_LIMITS_SET, own, 0, 0, 1, 0);
        make(SYS_MEMORY_MAP, own, (uint64_t)memory, mapping, 0, 0);
        make(SYS_MEMORY_MAP_PAGED, own, (uint64_t)memory, mapping, (uint64_t)endpoint, FOREVER);
        make(SYS_MEMORY_COMMIT, (uint64_t)memory, 0, PAGE_BYTES, 0, 0);
        make(SYS_THREAD_START, (uint64_t)thread, PLACE, PLACE, 0, 0);
        make(SYS_STACK_DESCEND, program_start.handles[PROGRAM_HANDLE_INFORMATION], 0, PAGE_BYTES,
             (uintptr_t)&place->registers, 0);
    }
    close(thread);
    close(endpoint);
    close(memory);
}
