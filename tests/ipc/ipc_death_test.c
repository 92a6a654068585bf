/* IPC when one side ends: in each state the other side's wait ends with an error of its own. */
#include "kernel/ipc/ipc.h"

#include "kernel/ipc/reply.h"
#include "kernel/object/handle_table.h"
#include "lib/error.h"
#include "tests/ipc/ipc_fixture.h"
#include "tests/test.h"

static struct ipc_thread caller, other, server;
static struct ipc_state self;
static struct handle_table table;
static struct endpoint *endpoint;
static uint32_t sender, receiver;

static void begin(void)
{
    ipc_state_init(&self, NULL);
    handle_table_init(&table, 10);
    test_equal(endpoint_create(&endpoint), OK);
    test_equal(handle_open(&table, &endpoint->object, RIGHT_SEND, 1, &sender), OK);
    test_equal(handle_open(&table, &endpoint->object, RIGHT_RECEIVE, 0, &receiver), OK);
}

static void finish(void)
{
    ipc_state_end(&self);
    test_check(priority_queue_empty(&endpoint->callers));
    test_check(priority_queue_empty(&endpoint->receivers));
    handle_table_destroy(&table);
    test_equal(endpoint->object.references, 1);
    object_release(&endpoint->object);
}

static void kill(struct ipc_thread *thread)
{
    if (thread->thread != NULL) {
        thread_kill(thread->thread);
    }
}

TEST(IPC0030, "a caller that is killed before it is received leaves the queue", ALWAYS)
{
    begin();
    ipc_test_call(&caller, endpoint, 10, WAIT_FOREVER);
    test_wait_blocked(caller.thread);
    ipc_test_call(&other, endpoint, 20, WAIT_FOREVER);
    test_wait_blocked(other.thread);
    kill(&caller);
    test_equal(ipc_test_join(&caller), ERROR_KILLED);
    test_equal(ipc_receive(&self, endpoint, IPC_POLL), OK);
    ipc_test_expect(&self.message, 20);
    ipc_test_fill(&self.message, 21);
    test_equal(ipc_reply(&self), OK);
    test_equal(ipc_test_join(&other), OK);
    finish();
}

TEST(IPC0031, "a caller that is killed while it waits for the answer makes the answer an error",
     ALWAYS)
{
    begin();
    ipc_test_call(&caller, endpoint, 10, WAIT_FOREVER);
    test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
    kill(&caller);
    test_equal(ipc_test_join(&caller), ERROR_KILLED);
    test_equal(ipc_reply(&self), ERROR_PEER_DIED);
    ipc_test_call(&caller, endpoint, 10, WAIT_FOREVER);
    test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
    kill(&caller);
    test_equal(ipc_test_join(&caller), ERROR_KILLED);
    test_equal(ipc_reply_receive(&self, endpoint, IPC_POLL), ERROR_AGAIN); /* no error of its own */
    finish();
}

TEST(IPC0032, "a receiver that is killed leaves the queue, and the next receiver gets the call",
     ALWAYS)
{
    begin();
    ipc_test_serve(&server, endpoint, WAIT_FOREVER);
    test_wait_blocked(server.thread);
    kill(&server);
    test_equal(ipc_test_join(&server), ERROR_KILLED);
    test_equal(ipc_call(&self, endpoint, IPC_POLL), ERROR_AGAIN);
    ipc_test_serve(&server, endpoint, WAIT_FOREVER);
    ipc_test_fill(&self.message, 30);
    test_equal(ipc_call(&self, endpoint, WAIT_FOREVER), OK);
    ipc_test_expect(&self.message, 31);
    test_equal(ipc_test_join(&server), OK);
    finish();
}

TEST(IPC0033, "a receiver that ends, or receives again, without an answer ends the call", ALWAYS)
{
    begin();
    ipc_test_call(&caller, endpoint, 10, WAIT_FOREVER);
    test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
    test_equal(ipc_receive(&self, endpoint, IPC_POLL), ERROR_AGAIN);
    test_equal(ipc_test_join(&caller), ERROR_PEER_DIED);
    ipc_test_call(&caller, endpoint, 10, WAIT_FOREVER);
    test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
    ipc_state_end(&self);
    test_equal(ipc_test_join(&caller), ERROR_PEER_DIED);
    finish();
}

TEST(IPC0034, "closing the last handle that may receive ends calls that wait, and later ones",
     ALWAYS)
{
    begin();
    uint32_t second;
    test_equal(handle_open(&table, &endpoint->object, RIGHT_RECEIVE, 0, &second), OK);
    ipc_test_call(&caller, endpoint, 10, WAIT_FOREVER);
    ipc_test_call(&other, endpoint, 20, ipc_test_after_ms(60000));
    test_wait_blocked(caller.thread);
    test_wait_blocked(other.thread);
    test_equal(handle_close(&table, receiver), OK);
    test_equal(list_length(&endpoint->callers.lists[THREAD_PRIORITY_DEFAULT]),
               2); /* a handle is left that may receive */
    test_equal(handle_close(&table, second), OK);
    test_equal(ipc_test_join(&caller), ERROR_PEER_DIED);
    test_equal(ipc_test_join(&other), ERROR_PEER_DIED);
    test_equal(ipc_call(&self, endpoint, WAIT_FOREVER), ERROR_PEER_DIED);
    test_equal(ipc_call(&self, endpoint, IPC_POLL), ERROR_PEER_DIED);
    finish();
}

TEST(IPC0035, "closing the last handle that may call ends receives, but not before queued calls",
     ALWAYS)
{
    begin();
    ipc_test_serve(&server, endpoint, WAIT_FOREVER);
    test_wait_blocked(server.thread);
    test_equal(handle_close(&table, sender), OK);
    test_equal(ipc_test_join(&server), ERROR_PEER_DIED);
    test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), ERROR_PEER_DIED);
    finish();
    begin();
    ipc_test_call(&caller, endpoint, 10, WAIT_FOREVER);
    test_wait_blocked(caller.thread);
    test_equal(handle_close(&table, sender), OK); /* the caller has a reference of its own */
    test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
    ipc_test_fill(&self.message, 11);
    test_equal(ipc_reply_receive(&self, endpoint, WAIT_FOREVER), ERROR_PEER_DIED);
    test_equal(ipc_test_join(&caller), OK);
    finish();
}

TEST(IPC0036, "a receiver whose own handles are all closed is woken, and so is each of several",
     ALWAYS)
{
    begin();
    ipc_test_serve(&server, endpoint, WAIT_FOREVER);
    ipc_test_serve(&other, endpoint, WAIT_FOREVER);
    test_wait_blocked(server.thread);
    test_wait_blocked(other.thread);
    test_equal(handle_close(&table, receiver), OK);
    test_equal(ipc_test_join(&server), ERROR_PEER_DIED);
    test_equal(ipc_test_join(&other), ERROR_PEER_DIED);
    finish();
}

TEST(IPC0037, "a reply object whose last handle is closed unused ends the call", ALWAYS)
{
    begin();
    for (unsigned opened = 0; opened < 2; opened++) {
        ipc_test_call(&caller, endpoint, 10, WAIT_FOREVER);
        test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
        struct reply *reply;
        uint32_t handle = 0;
        test_equal(reply_take(&self, &reply), OK);
        if (opened != 0) {
            test_equal(handle_open(&table, &reply->object, RIGHT_SEND, 0, &handle), OK);
        }
        object_release(&reply->object);
        if (opened != 0) {
            test_check(thread_is_blocked(caller.thread));
            test_equal(handle_close(&table, handle), OK);
        }
        test_equal(ipc_test_join(&caller), ERROR_PEER_DIED);
    }
    finish();
}

struct owner {
    struct object object;
    uint32_t destroyed;
};

static void owner_destroy(struct object *object)
{
    container_of(object, struct owner, object)->destroyed = 1;
}

static const struct object_operations owner_operations = {.destroy = owner_destroy};

static void call_as_owned(void *argument)
{
    struct ipc_thread *thread = argument;
    ipc_test_fill(&thread->state.message, 10);
    thread->result = ipc_call(&thread->state, endpoint, WAIT_FOREVER);
    ipc_state_end(&thread->state);
}

TEST(IPC0038, "the object around a caller lives as long as somebody has the right to answer it",
     ALWAYS)
{
    static struct owner owner;
    begin();
    owner.destroyed = 0;
    object_init(&owner.object, OBJECT_THREAD, &owner_operations);
    ipc_state_init(&caller.state, &owner.object);
    caller.thread = test_thread_start(THREAD_PRIORITY_DEFAULT, 0, call_as_owned, &caller);
    test_equal(ipc_receive(&self, endpoint, WAIT_FOREVER), OK);
    kill(&caller);
    test_equal(ipc_test_join(&caller), ERROR_KILLED);
    object_release(&owner.object);
    test_equal(owner.destroyed, 0);
    test_equal(ipc_reply(&self), ERROR_PEER_DIED);
    test_equal(owner.destroyed, 1);
    finish();
}
