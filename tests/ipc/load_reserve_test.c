/* The loads of messages that are set aside. */
#include "kernel/ipc/load_reserve.h"

#include "kernel/ipc/ipc_state.h"
#include "lib/error.h"
#include "tests/support/memory_exhaust.h"
#include "tests/test.h"

#define LOADS_MOST 64

/* Makes loads, from memory as long as there is some, until there is none. Returns how many. */
static unsigned loads_make(struct message *messages, bool may_take_all)
{
    unsigned count = 0;
    int error = OK;

    while (count < LOADS_MOST && error == OK) {
        error = ipc_load_create(MESSAGE_BYTES_MAX, &messages[count].load);
        if (error == ERROR_NO_MEMORY) {
            error = ipc_load_take(MESSAGE_BYTES_MAX, may_take_all, &messages[count].load);
        }
        count += error == OK;
    }
    test_equal(error, ERROR_NO_MEMORY);
    return count;
}

TEST(IPC0039, "without memory, messages get the loads that are set aside, and give them back",
     ALWAYS)
{
    static struct message messages[LOADS_MOST];
    struct memory_exhausted taken;
    struct message_load *load;

    memory_exhaust(&taken);
    unsigned count = loads_make(messages, true);
    void *left = load_reserve_take(true);
    memory_give(&taken, SIZE_MAX);
    test_check(count >= LOADS_RESERVED);
    test_check(left == NULL);
    for (unsigned i = 0; i < count; i++) {
        messages[i].load->bytes[MESSAGE_BYTES_MAX - 1] = 1;
        ipc_load_free(&messages[i]);
    }
    left = load_reserve_take(true);
    test_check(left != NULL && load_reserve_give(left));
    test_equal(ipc_load_create(1, &load), OK);
    test_check(!load_reserve_give(load));
    messages[0].load = load;
    ipc_load_free(&messages[0]);
}

TEST(IPC0040, "who may not take all loads that are set aside leaves some to the others", ALWAYS)
{
    void *loads[LOADS_RESERVED + 1];
    unsigned count = 0, apart = 0;

    while (count <= LOADS_RESERVED && (loads[count] = load_reserve_take(false)) != NULL) {
        count++;
    }
    test_equal(count, LOADS_RESERVED - LOADS_RESERVED_APART);
    while (count + apart <= LOADS_RESERVED &&
           (loads[count + apart] = load_reserve_take(true)) != NULL) {
        apart++;
    }
    test_equal(apart, LOADS_RESERVED_APART);
    for (unsigned i = 0; i < count + apart; i++) {
        test_check(load_reserve_give(loads[i]));
    }
}
