/* Pagers that are asked, and answer, by direct switches: they sleep in message calls of their own. */
#include "kernel/syscall/message_fast.h"
#include "kernel/task/pager.h"
#include "lib/error.h"
#include "mm/space/memory_object.h"
#include "tests/support/threads.h"
#include "tests/task/pager_fixture.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define BADGE_WANTED 7 /* by user_code_pager_server */
#define TOUCHES      400
#define PLACE        0x40000000UL
#define BYTES        (TOUCHES * PAGE_BYTES)
#define CPU_0        1UL /* by bit */

extern const char user_code_pager_client[], user_code_pager_server[];

static struct endpoint *endpoint;

/* Maps pages in the task, whose pager the endpoint is, without a limit. */
static void paged_map(struct task *task, uint64_t badge)
{
    struct memory_object *object;
    struct space_pager *pager;
    struct handle_value value = {&endpoint->object, badge, RIGHT_SEND};
    uintptr_t address;
    object_handle_acquire(value.object, value.rights);
    test_equal(pager_create(&value, WAIT_FOREVER, &pager), OK);
    test_equal(memory_object_create(BYTES, task->quota, &object), OK);
    const struct space_mapping mapping = {.address = PLACE,
                                          .bytes = BYTES,
                                          .rights = SPACE_READ,
                                          .rights_most = SPACE_READ,
                                          .object = object,
                                          .pager = pager};
    test_equal(address_space_place(&task->space, &mapping, &address), OK);
    memory_object_release(object);
    space_pager_release(pager);
}

/* Starts a pager in a task of its own. NULL: the test has failed. */
static struct user_thread *server_start(struct task *server)
{
    uint32_t handle = 0;
    test_equal(handle_open(&server->handles, &endpoint->object, RIGHT_RECEIVE, 0, &handle), OK);
    struct user_thread *user = task_fixture_start(server, 0, user_code_pager_server, handle, CPU_0);
    test_eventually(!priority_queue_empty(&endpoint->receivers), "the pager does not receive");
    return user;
}

/* Starts a client that touches the pages, beside a pager that expects messages with BADGE_WANTED. */
static void pair_run(uint64_t badge, void (*check)(struct user_thread *, volatile uint64_t *))
{
    test_equal(endpoint_create(&endpoint), OK);
    struct task *server = task_fixture_create(1), *client = task_fixture_create(1);
    if (server != NULL && client != NULL) {
        struct user_thread *pager = server_start(server);
        volatile uint64_t *data = task_fixture_data(client);
        paged_map(client, badge);
        struct user_thread *user =
            task_fixture_start(client, 0, user_code_pager_client, PLACE, CPU_0);
        if (user != NULL) {
            check(user, data);
            object_release(&user->object);
        }
        if (pager != NULL) {
            object_release(&pager->object);
        }
        task_fixture_end(client);
        task_fixture_end(server);
    }
    object_release(&endpoint->object);
}

static uint64_t answered_before;

static void all_are_given(struct user_thread *user maybe_unused, volatile uint64_t *data)
{
    test_eventually(data[TOUCHES - 1] != 0, "it does not go on");
    test_check(message_fast_by_frame() - answered_before >= TOUCHES / 2);
}

TEST(PGR0017, "a pager on the same processor is asked by a direct switch, and answers by one",
     ALWAYS)
{
    answered_before = message_fast_by_frame();
    pair_run(BADGE_WANTED, all_are_given);
}

/* The task's memory is freed with its only thread, so its data cannot be looked at. */
static void ends_with_its_pager(struct user_thread *user, volatile uint64_t *data maybe_unused)
{
    int status = 0;
    test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
    test_equal(status, ERROR_PEER_DIED);
}

TEST(PGR0018,
     "a pager that was asked by a direct switch and ends without an answer ends the thread", ALWAYS)
{
    pair_run(BADGE_WANTED + 1, ends_with_its_pager);
}
