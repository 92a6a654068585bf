/* Handlers of exceptions: what they are told, what they may do, and what becomes of bad ones. */
#include "kernel/task/task_handler.h"

#include "arch/x86_64/entry/vectors.h"
#include "kernel/ipc/kernel_call.h"
#include "kernel/task/user_thread_stop.h"
#include "lib/error.h"
#include "lib/fault_message.h"
#include "lib/string.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define BADGE   77
#define NOWHERE 0x7000000000UL

extern const char user_code_ud2[], user_code_spin[], user_code_touch[], user_code_script[];

/* A task whose handler is the thread of the test itself. */
static struct {
    struct task *task;
    struct endpoint *endpoint;
    struct handle_table handles; /* with the one handle that may receive */
    uint32_t receives;
    struct ipc_state handler;
} given;

static bool begin(unsigned threads)
{
    given.task = task_fixture_create(threads);
    if (given.task == NULL) {
        return false;
    }
    test_equal(endpoint_create(&given.endpoint), OK);
    struct handle_value value = {&given.endpoint->object, BADGE, RIGHT_SEND};
    object_handle_acquire(value.object, value.rights);
    test_equal(task_handler_set(given.task, &value), OK);
    handle_table_init(&given.handles, 10);
    test_equal(
        handle_open(&given.handles, &given.endpoint->object, RIGHT_RECEIVE, 0, &given.receives),
        OK);
    ipc_state_init(&given.handler, NULL);
    (void)task_fixture_data(given.task);
    return true;
}

static void end(void)
{
    int status;
    ipc_state_end(&given.handler);
    task_kill(given.task, 0);
    test_equal(task_wait(given.task, TEST_EVENTUALLY_NS, &status), OK);
    object_release(&given.task->object);
    handle_table_destroy(&given.handles);
    object_release(&given.endpoint->object);
}

static struct user_thread *start(unsigned index, const char *code, uint64_t argument)
{
    return task_fixture_start(given.task, index, code, argument, 0);
}

/* Receives the next exception and checks what is told of it. */
static void exception_receive(const struct user_thread *user, unsigned vector)
{
    test_equal(ipc_receive(&given.handler, given.endpoint, WAIT_FOREVER), OK);
    const struct message *message = &given.handler.message;
    test_equal(message->badge, BADGE);
    test_check((message->tag & MESSAGE_TAG_KERNEL) != 0);
    test_equal(message_tag_label(message->tag), MESSAGE_LABEL_EXCEPTION);
    test_equal(message_tag_handles(message->tag), 1);
    test_equal(message->words[EXCEPTION_THREAD], user->id);
    test_equal(message->words[EXCEPTION_VECTOR], vector);
    test_check(message->load != NULL && message->load->handle_count == 1);
    if (message->load != NULL) {
        test_check(message->load->handles[0].object == &user->object);
        test_equal(message->load->byte_count, message_tag_bytes(message->tag));
    }
}

static bool text_has(const char *text)
{
    char report[200] = "";
    const struct message_load *load = given.handler.message.load;
    if (load != NULL && load->byte_count < sizeof(report)) {
        memcpy(report, load->bytes, load->byte_count);
    }
    return strstr(report, text) != NULL;
}

static int answer(uint64_t verdict, int status)
{
    ipc_load_free(&given.handler.message);
    given.handler.message = (struct message){.words = {verdict, (uint64_t)status}};
    return ipc_reply(&given.handler);
}

static int status_of(struct user_thread *user)
{
    int status = 0;
    test_equal(user_thread_wait(user, TEST_EVENTUALLY_NS, &status), OK);
    object_release(&user->object);
    return status;
}

TEST(UFT0001,
     "a handler is told of an exception and why, changes the registers, and the thread goes on",
     ALWAYS)
{
    struct thread_registers registers;
    if (!begin(2)) {
        return;
    }
    struct user_thread *other = start(1, user_code_spin, USER_WORLD_DATA);
    struct user_thread *user = start(0, user_code_touch, NOWHERE + 5);
    if (user != NULL && other != NULL) {
        const struct message *message = &given.handler.message;
        exception_receive(user, VECTOR_PAGE_FAULT);
        test_equal(message->words[EXCEPTION_ADDRESS], NOWHERE + 5);
        test_equal(message->words[EXCEPTION_ACCESS], RIGHT_READ);
        test_equal(message->words[EXCEPTION_RIP], user_world_address(user_code_touch));
        test_equal((int64_t)message->words[EXCEPTION_ERROR], ERROR_FAULT);
        test_check(text_has("nothing is mapped there"));
        test_equal(user_thread_suspend(user, 0), OK); /* it stands still as it is */
        user_thread_resume(user);
        test_equal(user_thread_registers_read(user, &registers), OK);
        test_equal(registers.rdi, NOWHERE + 5);
        registers.rdi = USER_WORLD_DATA + 8;
        test_equal(user_thread_registers_write(user, &registers), OK);
        test_equal(answer(EXCEPTION_RESUME, 0), OK);
        /* The access succeeds now, and UD2 comes behind it. */
        exception_receive(user, VECTOR_INVALID_OPCODE);
        test_equal(message->words[EXCEPTION_ADDRESS], 0);
        test_equal(message->words[EXCEPTION_ACCESS], 0);
        test_equal(answer(EXCEPTION_END, 55), OK);
        test_equal(status_of(user), 55);
        volatile uint64_t *data = task_fixture_data(given.task);
        uint64_t before = data[0];
        test_eventually(data[0] != before, "the other thread of the task has ended, too");
        object_release(&other->object);
    }
    end();
}

TEST(UFT0002,
     "a handler that lies, accuses or ends without an answer ends the thread, with a status",
     ALWAYS)
{
    if (!begin(5)) {
        return;
    }
    struct user_thread *spins = start(4, user_code_spin, USER_WORLD_DATA); /* keeps the task */
    for (unsigned i = 0; i < 4 && spins != NULL; i++) {
        struct user_thread *user = start(i, user_code_ud2, 0);
        if (user == NULL) {
            break;
        }
        exception_receive(user, VECTOR_INVALID_OPCODE);
        if (i == 0) {
            test_equal(answer(12345, 1), OK);
        } else if (i == 1) {
            test_equal(ipc_reply_fault(&given.handler, 66), OK);
        } else if (i == 2) {
            test_equal(ipc_reply_error(&given.handler, ERROR_TOO_LONG), OK);
        } else {
            ipc_right_drop(&given.handler.right); /* as at its end */
        }
        ipc_load_free(&given.handler.message);
        static const int expected[] = {ERROR_INVALID, 66, ERROR_TOO_LONG, ERROR_PEER_DIED};
        test_equal(status_of(user), expected[i]);
    }
    if (spins != NULL) {
        object_release(&spins->object);
    }
    end();
}

TEST(UFT0003, "a thread whose handler is silent can be killed, and one without a receiver ends",
     ALWAYS)
{
    if (!begin(3)) {
        return;
    }
    struct user_thread *spins = start(2, user_code_spin, USER_WORLD_DATA);
    struct user_thread *user = start(0, user_code_ud2, 0);
    if (user != NULL && spins != NULL) {
        int status;
        exception_receive(user, VECTOR_INVALID_OPCODE);
        test_equal(user_thread_wait(user, 2000000, &status), ERROR_TIMEOUT);
        user_thread_kill(user);
        test_equal(status_of(user), ERROR_KILLED);
        test_equal(answer(EXCEPTION_RESUME, 0), ERROR_PEER_DIED);
        user = start(1, user_code_ud2, 0);
    }
    if (user != NULL && spins != NULL) {
        test_eventually(!priority_queue_empty(&given.endpoint->callers),
                        "it does not call its handler");
        test_equal(handle_close(&given.handles, given.receives), OK);
        test_equal(status_of(user), ERROR_PEER_DIED);
        object_release(&spins->object);
    }
    end();
}

TEST(UFT0004, "a thread that serves the endpoint of its own handler does not wait for itself",
     ALWAYS)
{
    uint32_t handle = 0;
    if (!begin(1)) {
        return;
    }
    volatile uint64_t *list = task_fixture_data(given.task) + 0x800 / sizeof(uint64_t);
    struct script_call *calls = (struct script_call *)(uintptr_t)(list + 1);
    test_equal(handle_open(&given.task->handles, &given.endpoint->object, RIGHTS_ALL, 0, &handle),
               OK);
    list[0] = 1; /* then comes UD2 */
    calls[0] =
        (struct script_call){.rax = SYSCALL_ipc_receive, .rdi = handle, .rsi = MESSAGE_TAG_POLL};
    struct user_thread *user = start(0, user_code_script, USER_WORLD_DATA + 0x800);
    if (user != NULL) {
        int status = 0;
        test_equal(status_of(user), ERROR_FAULT);
        test_equal(task_wait(given.task, TEST_EVENTUALLY_NS, &status), OK);
        test_equal(status, ERROR_FAULT);
    }
    end();
}
