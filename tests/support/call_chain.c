/* See call_chain.h. */
#include "tests/support/call_chain.h"

#include "lib/error.h"
#include "sched/sync/semaphore.h"
#include "tests/support/threads.h"

static struct link {
    struct ipc_state state;
    struct endpoint *endpoint;
    struct thread *thread;
} links[CALL_CHAIN_MOST];

static struct ipc_state first_caller;
static struct thread *first_thread;
static struct semaphore last_go;
static unsigned count;
static uint32_t received;

/* Takes the first call, passes it on or waits, and answers; the first thread answers one more. */
static void link_run(void *argument)
{
    unsigned index = (unsigned)(uintptr_t)argument;
    struct ipc_state *state = &links[index].state;
    if (ipc_receive(state, links[index].endpoint, WAIT_FOREVER) == OK) {
        test_count(&received);
        if (index + 1 == count) {
            semaphore_down(&last_go);
        } else {
            ignore_result(ipc_call(state, links[index + 1].endpoint, WAIT_FOREVER));
        }
        ignore_result(ipc_reply(state));
    }
    if (index == 0 && ipc_receive(state, links[0].endpoint, WAIT_FOREVER) == OK) {
        ignore_result(ipc_reply(state));
    }
    ipc_state_end(state);
}

static void first_call(void *argument maybe_unused)
{
    ipc_state_init(&first_caller, NULL);
    ignore_result(ipc_call(&first_caller, links[0].endpoint, WAIT_FOREVER));
    ipc_state_end(&first_caller);
}

struct endpoint *call_chain_begin(unsigned threads, unsigned priority)
{
    count = 0;
    received = 0;
    semaphore_init(&last_go, 0);
    while (count < threads && endpoint_create(&links[count].endpoint) == OK) {
        struct ipc_state *state = &links[count].state;
        ipc_state_init(state, NULL);
        state->endpoint = links[count].endpoint; /* as message calls do: it is the server */
        object_acquire(&state->endpoint->object);
        count++;
    }
    for (uintptr_t i = 0; i < count; i++) {
        links[i].thread = test_thread_start(priority, 0, link_run, (void *)i);
    }
    first_thread = test_thread_start(priority, 0, first_call, NULL);
    test_wait_until(&received, count, "calls of the chain");
    test_wait_blocked(links[count - 1].thread);
    return count != 0 ? links[0].endpoint : NULL;
}

unsigned call_chain_priority(void)
{
    unsigned lowest = THREAD_PRIORITIES;
    for (unsigned i = 0; i < count; i++) {
        unsigned priority = links[i].thread != NULL ? links[i].thread->priority : 0;
        lowest = priority < lowest ? priority : lowest;
    }
    return lowest;
}

void call_chain_end(void)
{
    semaphore_up(&last_go);
    (void)test_thread_join(first_thread);
    for (unsigned i = 0; i < count; i++) {
        (void)test_thread_join(links[i].thread);
        object_release(&links[i].endpoint->object);
    }
}
