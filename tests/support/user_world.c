/* See user_world.h. */
#include "tests/support/user_world.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/stack/stack.h"
#include "tests/support/on_each_cpu.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define TABLE_RIGHTS (PAGE_PRESENT | PAGE_WRITABLE | PAGE_ACCESSED)

enum { ROOT, POINTERS, DIRECTORY, TABLE, CODE, DATA, STACK };

static uint64_t *frame_memory(const struct user_world *world, unsigned index)
{
    return physical_to_virtual(world->frames[index]);
}

/* An entry of the tables, by the address that it is for and its level. */
static uint64_t *entry_at(const struct user_world *world, unsigned table, unsigned level)
{
    return frame_memory(world, table) + (USER_WORLD_CODE >> (12 + 9 * level)) % 512;
}

static void tables_fill(const struct user_world *world)
{
    const uint64_t *kernel = physical_to_virtual(paging_root());
    uint64_t *root = frame_memory(world, ROOT);
    for (unsigned i = 256; i < 512; i++) {
        root[i] = kernel[i];
    }
    root[PAGE_RECURSIVE_INDEX] = world->frames[ROOT] | TABLE_RIGHTS | PAGE_NO_EXECUTE;
    *entry_at(world, ROOT, 3) = world->frames[POINTERS] | TABLE_RIGHTS | PAGE_USER;
    *entry_at(world, POINTERS, 2) = world->frames[DIRECTORY] | TABLE_RIGHTS | PAGE_USER;
    *entry_at(world, DIRECTORY, 1) = world->frames[TABLE] | TABLE_RIGHTS | PAGE_USER;
    uint64_t *leaf = entry_at(world, TABLE, 0);
    leaf[0] = world->frames[CODE] | PAGE_PRESENT | PAGE_USER;
    leaf[1] = world->frames[DATA] | PAGE_PRESENT | PAGE_USER | PAGE_WRITABLE | PAGE_NO_EXECUTE;
    leaf[2] = world->frames[STACK] | PAGE_PRESENT | PAGE_USER | PAGE_WRITABLE | PAGE_NO_EXECUTE;
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

static const struct user_world *leaving;

static void cpu_leave(unsigned cpu maybe_unused)
{
    const struct user_context context = {.root = leaving->frames[ROOT]};
    uint64_t flags = interrupts_save();
    user_context_unload(&context);
    interrupts_restore(flags);
}

void user_world_destroy(struct user_world *world)
{
    leaving = world;
    test_on_each_cpu(cpu_leave);
    while (world->count > 0) {
        frame_free(world->frames[--world->count], FRAME_OWNER_TEST);
    }
}

volatile uint64_t *user_world_data(const struct user_world *world)
{
    return frame_memory(world, DATA);
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

struct thread *user_world_start(struct user_world_thread *thread, const struct user_world *world,
                                const char *code, uint64_t argument, uint64_t affinity)
{
    *thread = (struct user_world_thread){.world = world,
                                         .rip = user_world_address(code),
                                         .rsp = USER_WORLD_TOP,
                                         .argument = argument,
                                         .user.context.root = world->frames[ROOT]};
    const struct thread_options options = {.name = "user",
                                           .priority = THREAD_PRIORITY_DEFAULT,
                                           .affinity = affinity,
                                           .user = &thread->user};
    return test_thread_create(&options, user_world_entry, thread);
}

bool user_world_run(struct user_world_thread *thread, const struct user_world *world,
                    const char *code, uint64_t argument)
{
    struct thread *made = user_world_start(thread, world, code, argument, 0);
    test_equal(test_thread_join(made), 0);
    return made != NULL && thread->ended;
}

static noreturn_function void exception_end(struct trap_frame *frame)
{
    struct user_world_thread *thread = (struct user_world_thread *)thread_user();
    thread->exception = *frame;
    thread->ended = true;
    thread_exit(0);
}

static bool page_fault_end(struct trap_frame *frame)
{
    if (!trap_frame_from_user(frame)) {
        return false;
    }
    interrupts_enable();
    exception_end(frame);
}

static void (*old_exception)(struct trap_frame *frame);
static bool (*old_thread_case)(struct trap_frame *frame);

void user_world_begin(void)
{
    old_exception = user_exception;
    old_thread_case = page_fault_thread_case;
    user_exception = exception_end;
    page_fault_thread_case = page_fault_end;
}

void user_world_end(void)
{
    user_exception = old_exception;
    page_fault_thread_case = old_thread_case;
}
