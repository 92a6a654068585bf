/* The loads of messages that are set aside. */
#include "kernel/ipc/load_reserve.h"

#include "kernel/ipc/ipc_state.h"
#include "lib/error.h"
#include "tests/support/memory_exhaust.h"
#include "tests/test.h"

#define LOADS_MOST 64

TEST(IPC0039, "without memory, messages get the loads that are set aside, and give them back",
     ALWAYS)
{
    static struct message messages[LOADS_MOST];
    struct memory_exhausted taken;
    struct message_load *load;
    unsigned count = 0;
    int error = OK;

    memory_exhaust(&taken);
    while (count < LOADS_MOST && error == OK) {
        error = ipc_load_create(MESSAGE_BYTES_MAX, &messages[count].load);
        count += error == OK;
    }
    void *left = load_reserve_take();
    memory_give(&taken, SIZE_MAX);
    test_equal(error, ERROR_NO_MEMORY);
    test_check(count >= LOADS_RESERVED);
    test_check(left == NULL);
    for (unsigned i = 0; i < count; i++) {
        messages[i].load->bytes[MESSAGE_BYTES_MAX - 1] = 1;
        ipc_load_free(&messages[i]);
    }
    left = load_reserve_take();
    test_check(left != NULL && load_reserve_give(left));
    test_equal(ipc_load_create(1, &load), OK);
    test_check(!load_reserve_give(load));
    messages[0].load = load;
    ipc_load_free(&messages[0]);
}
