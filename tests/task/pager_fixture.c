/* See pager_fixture.h. */
#include "tests/task/pager_fixture.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "kernel/task/pager.h"
#include "kernel/task/user_thread_stop.h"
#include "lib/error.h"
#include "lib/fault_message.h"
#include "mm/space/memory_object.h"
#include "mm/stack/stack.h"
#include "tests/support/own_pages.h"
#include "tests/support/own_stack.h"
#include "tests/support/threads.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

struct pager_fixture pager_fixture;

extern const char user_code_spin[];

static void regions_make(struct pager_fixture *f, uint64_t limit_ns)
{
    struct space_pager *pager;
    struct handle_value value = {&f->endpoint->object, PAGER_BADGE, RIGHT_SEND};
    object_handle_acquire(value.object, value.rights);
    test_equal(pager_create(&value, limit_ns, &pager), OK);
    test_equal(memory_object_create(PAGER_OBJECT_PAGES * PAGE_BYTES, f->task->quota, &f->object),
               OK);
    const struct space_mapping mapping = {.address = PAGER_PLACE,
                                          .bytes = PAGER_PAGES * PAGE_BYTES,
                                          .rights = SPACE_READ | SPACE_WRITE,
                                          .rights_most = SPACE_READ | SPACE_WRITE,
                                          .object = f->object,
                                          .offset = PAGER_OBJECT_OFFSET,
                                          .pager = pager};
    uintptr_t address;
    test_equal(address_space_place(&f->task->space, &mapping, &address), OK);
    space_pager_release(pager);
    test_equal(address_space_map(&f->task->space, PAGER_WINDOW, PAGER_OBJECT_PAGES * PAGE_BYTES,
                                 SPACE_READ | SPACE_WRITE, f->object, 0),
               OK);
}

bool pager_fixture_begin(unsigned threads, uint64_t limit_ns)
{
    struct pager_fixture *f = &pager_fixture;
    f->task = task_fixture_create(threads + 1);
    if (f->task == NULL) {
        return false;
    }
    test_equal(endpoint_create(&f->endpoint), OK);
    handle_table_init(&f->handles, 10);
    test_equal(handle_open(&f->handles, &f->endpoint->object, RIGHT_RECEIVE, 0, &f->receives), OK);
    ipc_state_init(&f->pager, NULL);
    regions_make(f, limit_ns);
    (void)task_fixture_data(f->task);
    struct user_thread *keeper =
        pager_fixture_start(threads, user_code_spin, USER_WORLD_DATA + PAGE_BYTES / 2);
    if (keeper != NULL) { /* the task lives on while it has a thread, which must not take turns */
        test_equal(user_thread_suspend(keeper, TEST_EVENTUALLY_NS), OK);
        object_release(&keeper->object);
    }
    return true;
}

void pager_fixture_end(void)
{
    struct pager_fixture *f = &pager_fixture;
    int status;
    ipc_state_end(&f->pager);
    task_kill(f->task, 0);
    test_equal(task_wait(f->task, TEST_EVENTUALLY_NS, &status), OK);
    memory_object_release(f->object);
    test_equal(f->task->quota->used, 0);
    object_release(&f->task->object);
    handle_table_destroy(&f->handles);
    object_release(&f->endpoint->object);
}

struct user_thread *pager_fixture_start(unsigned index, const char *code, uint64_t argument)
{
    return task_fixture_start(pager_fixture.task, index, code, argument, 0);
}

const struct message *pager_fixture_receive(void)
{
    test_equal(ipc_receive(&pager_fixture.pager, pager_fixture.endpoint, WAIT_FOREVER), OK);
    return &pager_fixture.pager.message;
}

void pager_fixture_answer(uint64_t verdict, uint64_t one, uint64_t two, uint64_t three)
{
    pager_fixture.pager.message = (struct message){.words = {verdict, one, two, three}};
    test_equal(ipc_reply(&pager_fixture.pager), OK);
}

void pager_fixture_supply(size_t offset, uint64_t rights)
{
    pager_fixture_answer(PAGER_SUPPLY, offset, PAGE_BYTES, rights);
}

volatile uint64_t *pager_fixture_word(size_t offset)
{
    struct address_space *space = &pager_fixture.task->space;
    uintptr_t address = PAGER_WINDOW + offset;
    const char *reason = "";
    test_equal(address_space_fault(space, address, PAGE_FAULT_USER | PAGE_FAULT_WRITE, &reason),
               OK);
    uint64_t entry = user_tables_entry(&space->tables, address);
    return (volatile uint64_t *)((uintptr_t)physical_to_virtual(entry & PAGE_ADDRESS_MASK) +
                                 offset % PAGE_BYTES);
}

int pager_fixture_status(struct user_thread *user)
{
    int status = 0;
    test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
    object_release(&user->object);
    return status;
}

/* Where the next kernel-mode thread is to run its function. */
static struct {
    void (*function)(void);
    unsigned page, depth;
} deep;

static void deep_main(void *argument)
{
    struct user_thread *user = argument;
    uint64_t flags = spin_lock_irq_save(&user->lock);
    user->thread = thread_current();
    spin_unlock_irq_restore(&user->lock, flags);
    user_thread_notes_begin(user);
    own_stack_trim();
    own_stack_call(stack_top(thread_current()->slot) - deep.page * PAGE_BYTES + deep.depth,
                   deep.function);
}

struct user_thread *pager_fixture_start_kernel(void (*function)(void), unsigned page,
                                               unsigned depth, uint64_t affinity)
{
    struct user_thread *user;
    deep.function = function;
    deep.page = page;
    deep.depth = depth;
    if (user_thread_create(pager_fixture.task, THREAD_PRIORITY_DEFAULT, affinity, &user) != OK) {
        test_fail(__FILE__, __LINE__, "there is no memory for a thread");
        return NULL;
    }
    /* As user_thread_start() does it, but with another first function. */
    user->started = true;
    object_acquire(&user->object);
    test_equal(task_thread_add(user->task, &user->task_node), OK);
    const struct thread_options options = {
        .name = "in a call", .priority = user->priority, .affinity = affinity, .user = user};
    test_eventually(thread_create(&options, deep_main, user, NULL) == OK, "no thread is created");
    return user;
}
