/* See user_world.h. */
#include "tests/support/user_world.h"

#include "arch/x86_64/apic/user_shootdown.h"
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/user_copy.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "tests/support/threads.h"
#include "tests/test.h"

enum { CODE, DATA, STACK, ROOT, TABLES };

static void *frame_memory(const struct user_world *world, unsigned index)
{
    return physical_to_virtual(world->frames[index]);
}

static void page_enter(struct user_world *world, uintptr_t address, unsigned index, uint64_t rights)
{
    struct user_table_supply supply = {
        .frames = {world->frames[TABLES], world->frames[TABLES + 1], world->frames[TABLES + 2]},
        .count = index == CODE ? 3 : 0}; /* one leaf table has all pages */
    preempt_disable();
    int error = user_tables_enter(
        &world->tables, address, world->frames[index] | PAGE_PRESENT | PAGE_USER | rights, &supply);
    preempt_enable();
    test_equal(error, OK);
}

static void tables_fill(struct user_world *world)
{
    user_tables_init(&world->tables, world->frames[ROOT]);
    page_enter(world, USER_WORLD_CODE, CODE, 0);
    page_enter(world, USER_WORLD_DATA, DATA, PAGE_WRITABLE | PAGE_NO_EXECUTE);
    page_enter(world, USER_WORLD_STACK, STACK, PAGE_WRITABLE | PAGE_NO_EXECUTE);
}

bool user_world_create(struct user_world *world)
{
    *world = (struct user_world){.count = 0};
    while (world->count < USER_WORLD_FRAMES) {
        if (frame_allocate(FRAME_OWNER_TEST, &world->frames[world->count]) != 0) {
            test_fail(__FILE__, __LINE__, "no memory for user page tables");
            user_world_destroy(world);
            return false;
        }
        frame_zero(world->frames[world->count++]);
    }
    tables_fill(world);
    memcpy(frame_memory(world, CODE), user_code_begin, (size_t)(user_code_end - user_code_begin));
    return true;
}

void user_world_destroy(struct user_world *world)
{
    if (world->count == USER_WORLD_FRAMES) {
        user_tables_evict(&world->tables);
    }
    while (world->count > 0) {
        frame_free(world->frames[--world->count], FRAME_OWNER_TEST);
    }
}

volatile uint64_t *user_world_data(const struct user_world *world)
{
    return frame_memory(world, DATA);
}

volatile uint64_t *user_world_stack(const struct user_world *world)
{
    return frame_memory(world, STACK);
}

uintptr_t user_world_address(const char *code)
{
    return USER_WORLD_CODE + (uintptr_t)(code - user_code_begin);
}

static void user_world_entry(void *argument)
{
    struct user_world_thread *thread = argument;
    test_equal(user_frame_init(user_frame(), thread->rip, thread->rsp, thread->argument), 0);
    user_enter();
}

/* The test owns the thread's object, and frees nothing. */
static void world_thread_destroy(struct object *object maybe_unused)
{
}

static const struct object_operations world_thread_operations = {.destroy = world_thread_destroy};

struct thread *user_world_start(struct user_world_thread *thread, struct user_world *world,
                                const char *code, uint64_t argument, uint64_t affinity)
{
    *thread = (struct user_world_thread){
        .world = world,
        .rip = user_world_address(code),
        .rsp = USER_WORLD_TOP,
        .argument = argument,
        .user.context = {.tables = &world->tables, .special = USER_SPECIAL_NEW}};
    object_init(&thread->user.object, OBJECT_THREAD, &world_thread_operations);
    spinlock_init(&thread->user.lock, "user thread");
    wait_queue_init(&thread->user.waiters);
    ipc_state_init(&thread->user.ipc, &thread->user.object);
    thread->user.ipc.handles = world->handles;
    if (handoff_wanted) {
        thread->handoff.stack.stack_top = &thread->user.context.stack_top;
        thread->user.ipc.handoff = &thread->handoff;
    }
    const struct thread_options options = {.name = "user",
                                           .priority = THREAD_PRIORITY_DEFAULT,
                                           .affinity = affinity,
                                           .user = &thread->user};
    return test_thread_create(&options, user_world_entry, thread);
}

bool user_world_run(struct user_world_thread *thread, struct user_world *world, const char *code,
                    uint64_t argument)
{
    struct thread *made = user_world_start(thread, world, code, argument, 0);
    test_equal(test_thread_join(made), 0);
    return made != NULL && thread->ended;
}

/* The hooks before the world was made: threads of tasks still need them. */
static void (*old_exit)(struct thread *thread, int code);
static void (*old_exception)(struct trap_frame *frame);
static bool (*old_thread_case)(struct trap_frame *frame);

static noreturn_function void world_thread_end(const struct trap_frame *frame)
{
    struct user_world_thread *thread = (struct user_world_thread *)thread_user();
    thread->exception = *frame;
    thread->ended = true;
    thread_exit(0);
}

/* A call that has a bad address gets an error: nothing in a world is filled on demand. */
static never_inline bool copy_refuse(struct trap_frame *frame)
{
    if (!user_copy_faulted(frame)) {
        return false;
    }
    user_copy_refuse(frame);
    return true;
}

static void exception_end(struct trap_frame *frame)
{
    if (task_current() != NULL) {
        old_exception(frame);
    } else {
        world_thread_end(frame);
    }
}

static bool page_fault_end(struct trap_frame *frame)
{
    if (task_current() != NULL) {
        return old_thread_case(frame);
    }
    if (!trap_frame_from_user(frame)) {
        return copy_refuse(frame);
    }
    interrupts_enable();
    world_thread_end(frame);
}

/* Threads of a world have no task to leave. */
static void exit_alone(struct thread *thread, int code)
{
    if (thread->user->task != NULL) {
        old_exit(thread, code);
    }
    thread->user = NULL;
}

void user_world_begin(void)
{
    old_exit = thread_user_exit;
    old_exception = user_exception;
    old_thread_case = page_fault_thread_case;
    thread_user_exit = exit_alone;
    user_exception = exception_end;
    page_fault_thread_case = page_fault_end;
}

void user_world_end(void)
{
    thread_user_exit = old_exit;
    user_exception = old_exception;
    page_fault_thread_case = old_thread_case;
}
