/* Two pagers that wait for each other. */
#include "kernel/task/pager.h"
#include "lib/error.h"
#include "mm/space/memory_object.h"
#include "tests/support/threads.h"
#include "tests/task/pager_fixture.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define LIMIT_NS    300000000UL /* so much that all parts of the test begin before, on a busy host */
#define OTHER_PLACE 0x38000000UL

extern const char user_code_touch[], user_code_receive_touch[];

/* Maps memory at OTHER_PLACE, whose pager is whoever receives from the endpoint. */
static bool other_region_make(struct endpoint *endpoint)
{
    struct space_pager *pager;
    struct memory_object *object;
    struct handle_value value = {&endpoint->object, 0, RIGHT_SEND};
    uintptr_t address;
    object_handle_acquire(value.object, value.rights);
    if (pager_create(&value, LIMIT_NS, &pager) != OK) {
        handle_value_release(&value);
        return false;
    }
    int error = memory_object_create(PAGE_BYTES, pager_fixture.task->quota, &object);
    if (error == OK) {
        const struct space_mapping mapping = {.address = OTHER_PLACE,
                                              .bytes = PAGE_BYTES,
                                              .rights = SPACE_READ,
                                              .rights_most = SPACE_READ,
                                              .object = object,
                                              .pager = pager};
        error = address_space_place(&pager_fixture.task->space, &mapping, &address);
        memory_object_release(object);
    }
    space_pager_release(pager);
    return error == OK;
}

/* Starts a pager, which receives one question from the endpoint and then touches an address. */
static struct user_thread *pager_start(unsigned index, struct endpoint *endpoint, uintptr_t touches)
{
    uint32_t handle = 0;
    test_equal(
        handle_open(&pager_fixture.task->handles, &endpoint->object, RIGHT_RECEIVE, 0, &handle),
        OK);
    volatile uint64_t *words = task_fixture_data(pager_fixture.task) + 2 * index;
    words[0] = handle;
    words[1] = touches;
    return pager_fixture_start(index, user_code_receive_touch,
                               USER_WORLD_DATA + 2 * index * sizeof(uint64_t));
}

static void status_check(struct user_thread *user, unsigned *timeouts)
{
    if (user != NULL) {
        int status = pager_fixture_status(user);
        test_check(status == ERROR_TIMEOUT || status == ERROR_PEER_DIED);
        *timeouts += status == ERROR_TIMEOUT;
    }
}

TEST(PGR0014, "two pagers that wait for each other end when their time is over, and others go on",
     ALWAYS)
{
    struct endpoint *other;
    unsigned timeouts = 0;
    int status;
    if (!pager_fixture_begin(4, LIMIT_NS)) {
        return;
    }
    if (endpoint_create(&other) == OK && other_region_make(other)) {
        /* Each is asked by a thread of its own first, and then by the other pager. */
        struct user_thread *asks[] = {
            pager_fixture_start(2, user_code_touch, PAGER_PLACE),
            pager_fixture_start(3, user_code_touch, OTHER_PLACE),
        };
        test_eventually(!priority_queue_empty(&pager_fixture.endpoint->callers) &&
                            !priority_queue_empty(&other->callers),
                        "nobody asks the pagers");
        struct user_thread *pagers[] = {
            pager_start(0, pager_fixture.endpoint, OTHER_PLACE),
            pager_start(1, other, PAGER_PLACE),
        };
        for (unsigned i = 0; i < 2; i++) {
            status_check(pagers[i], &timeouts);
            status_check(asks[i], &timeouts);
        }
        test_check(timeouts > 0);
        test_equal(task_wait(pager_fixture.task, 0, &status), ERROR_TIMEOUT);
        test_equal(address_space_unmap(&pager_fixture.task->space, OTHER_PLACE, PAGE_BYTES), OK);
        object_release(&other->object);
    }
    pager_fixture_end();
}
