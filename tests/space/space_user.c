/* See space_user.h. */
#include "tests/space/space_user.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/user_copy.h"
#include "lib/error.h"
#include "sched/core/thread.h"
#include "tests/test.h"

#define USERS_MAX 16

static struct {
    struct spinlock lock;
    struct {
        struct thread *thread;
        struct address_space *space;
    } users[USERS_MAX];
    bool (*case_before)(struct trap_frame *);
    unsigned faults, refusals;
    const char *reason;
} state = {.lock = SPINLOCK("users of spaces in tests")};

void (*space_user_fault_hook)(void);

static struct address_space *space_of(const struct thread *thread)
{
    struct address_space *space = NULL;
    spin_lock(&state.lock);
    for (unsigned i = 0; i < USERS_MAX; i++) {
        if (state.users[i].thread == thread) {
            space = state.users[i].space;
        }
    }
    spin_unlock(&state.lock);
    return space;
}

void space_user_set(struct address_space *space)
{
    bool done = space == NULL;
    spin_lock(&state.lock);
    for (unsigned i = 0; i < USERS_MAX; i++) {
        if (state.users[i].thread == thread_current()) {
            state.users[i].thread = NULL;
        }
    }
    for (unsigned i = 0; i < USERS_MAX && !done; i++) {
        if (state.users[i].thread == NULL) {
            state.users[i].thread = thread_current();
            state.users[i].space = space;
            done = true;
        }
    }
    spin_unlock(&state.lock);
    test_check(done);
}

static void root_load(struct address_space *space)
{
    uint64_t flags = interrupts_save();
    user_tables_load(&space->tables);
    interrupts_restore(flags);
}

static int fault_resolve(struct address_space *space, const struct trap_frame *frame)
{
    const char *reason;
    int error = address_space_fault(space, frame->address, frame->error, &reason);
    while (error == ERROR_AGAIN && thread_sleep_ns(1000) == OK) {
        error = address_space_fault(space, frame->address, frame->error, &reason);
    }
    if (error != OK) {
        __atomic_store_n(&state.reason, reason, __ATOMIC_RELEASE);
    }
    return error;
}

static bool fault_case(struct trap_frame *frame)
{
    struct address_space *space = space_of(thread_current());
    if (!user_copy_faulted(frame) || space == NULL || !(frame->rflags & FLAGS_INTERRUPT)) {
        return false;
    }
    interrupts_enable();
    __atomic_add_fetch(&state.faults, 1, __ATOMIC_RELAXED);
    if (space_user_fault_hook != NULL) {
        space_user_fault_hook();
    }
    if (fault_resolve(space, frame) == OK) {
        root_load(space);
    } else {
        __atomic_add_fetch(&state.refusals, 1, __ATOMIC_RELAXED);
        user_copy_refuse(frame);
    }
    return true;
}

void space_users_begin(void)
{
    state.faults = state.refusals = 0;
    state.reason = "";
    state.case_before = page_fault_thread_case;
    page_fault_thread_case = fault_case;
}

void space_users_end(void)
{
    page_fault_thread_case = state.case_before;
}

unsigned space_user_faults(void)
{
    return __atomic_load_n(&state.faults, __ATOMIC_RELAXED);
}

unsigned space_user_refusals(void)
{
    return __atomic_load_n(&state.refusals, __ATOMIC_RELAXED);
}

const char *space_user_reason(void)
{
    return __atomic_load_n(&state.reason, __ATOMIC_ACQUIRE);
}

struct frame_quota *space_quota(void)
{
    struct frame_quota *quota = NULL;
    test_equal(frame_quota_create(FRAME_QUOTA_NONE, &quota), OK);
    return quota;
}

bool space_fixture_begin(struct space_fixture *fixture, size_t bytes)
{
    fixture->quota = space_quota();
    if (fixture->quota == NULL || address_space_init(&fixture->space, fixture->quota) != OK ||
        memory_object_create(bytes, fixture->quota, &fixture->object) != OK) {
        test_fail(__FILE__, __LINE__, "no memory for an address space");
        return false;
    }
    test_equal(address_space_map(&fixture->space, SPACE_PLACE, bytes, SPACE_READ | SPACE_WRITE,
                                 fixture->object, 0),
               OK);
    space_users_begin();
    space_user_set(&fixture->space);
    return true;
}

void space_fixture_end(struct space_fixture *fixture)
{
    space_user_set(NULL);
    space_users_end();
    address_space_destroy(&fixture->space);
    memory_object_release(fixture->object);
    test_equal(fixture->quota->used, 0);
    frame_quota_release(fixture->quota);
}

int space_read(uintptr_t address)
{
    uint8_t byte;
    return user_copy_in(&byte, address, 1) == OK ? byte : -1;
}

bool space_write(uintptr_t address, uint8_t byte)
{
    return user_copy_out(address, &byte, 1) == OK;
}
