/* Pagers: what they are asked, what they give, and what becomes of bad ones. */
#include "kernel/task/pager.h"

#include "lib/error.h"
#include "lib/fault_message.h"
#include "lib/string.h"
#include "tests/support/threads.h"
#include "tests/syscall/script.h"
#include "tests/task/pager_fixture.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define RW (RIGHT_READ | RIGHT_WRITE)

extern const char user_code_page_use[], user_code_touch[], user_code_receive_touch[],
    user_code_script[];

/* The offset in the object of a page of the region. */
static size_t offset_of(unsigned page)
{
    return PAGER_OBJECT_OFFSET + page * PAGE_BYTES;
}

static uint64_t entry_of(unsigned page)
{
    return user_tables_entry(&pager_fixture.task->space.tables, PAGER_PLACE + page * PAGE_BYTES);
}

static void question_expect(const struct message *message, const struct user_thread *user,
                            uintptr_t address, uint64_t access)
{
    test_equal(message->tag, message_tag(MESSAGE_LABEL_PAGER, 0, 0) | MESSAGE_TAG_KERNEL);
    test_equal(message->badge, PAGER_BADGE);
    test_equal(message->words[PAGER_ADDRESS], address);
    test_equal(message->words[PAGER_ACCESS], access);
    test_equal(message->words[PAGER_THREAD], user->id);
    test_equal(message->words[PAGER_REGION], PAGER_PLACE);
    test_equal(message->words[PAGER_OFFSET],
               PAGER_OBJECT_OFFSET + align_down(address - PAGER_PLACE, PAGE_BYTES));
    test_equal(message->words[PAGER_RIGHTS], RW);
}

TEST(PGR0001, "a pager is asked for a page, fills it, and gives it with the rights that it chooses",
     ALWAYS)
{
    if (!pager_fixture_begin(1, WAIT_FOREVER)) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(pager_fixture.task);
    uintptr_t address = PAGER_PLACE + 3 * PAGE_BYTES + 16;
    struct user_thread *user = pager_fixture_start(0, user_code_page_use, address);
    if (user != NULL) {
        question_expect(pager_fixture_receive(), user, address, RIGHT_READ);
        test_equal(data[0], 0);
        *pager_fixture_word(offset_of(3) + 16) = 0xabcdef;
        pager_fixture_supply(offset_of(3), RIGHT_READ);
        question_expect(pager_fixture_receive(), user, address + 8, RIGHT_WRITE);
        test_equal(data[0], 0xabcdef);
        test_equal(entry_of(3) & (PAGE_PRESENT | PAGE_WRITABLE), PAGE_PRESENT);
        pager_fixture_answer(PAGER_SUPPLY, offset_of(2), 3 * PAGE_BYTES, RW);
        test_eventually(data[1] != 0, "it does not go on");
        test_equal(*pager_fixture_word(offset_of(3) + 24), 0xabcdef);
        for (unsigned page = 1; page <= 5; page++) {
            test_equal((entry_of(page) & PAGE_WRITABLE) != 0, page >= 2 && page <= 4);
        }
        object_release(&user->object);
    }
    pager_fixture_end();
}

TEST(PGR0002, "pages beyond the region are left out, and what a pager gave is still there later",
     ALWAYS)
{
    if (!pager_fixture_begin(2, WAIT_FOREVER)) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(pager_fixture.task);
    struct user_thread *user = pager_fixture_start(0, user_code_page_use, PAGER_PLACE);
    if (user != NULL) {
        (void)pager_fixture_receive();
        pager_fixture_answer(PAGER_SUPPLY, 0, 64 * PAGE_BYTES, RW);
        test_eventually(data[1] != 0, "it does not go on");
        test_equal(entry_of(0) & PAGE_PRESENT, PAGE_PRESENT);
        test_equal(entry_of(61) & PAGE_PRESENT, PAGE_PRESENT);
        test_equal(entry_of(62) & PAGE_PRESENT, 0);
        test_equal(user_tables_entry(&pager_fixture.task->space.tables, PAGER_PLACE - PAGE_BYTES),
                   0);
        object_release(&user->object);
        user = pager_fixture_start(1, user_code_page_use, PAGER_PLACE + 61 * PAGE_BYTES);
    }
    if (user != NULL) { /* nobody is asked */
        test_eventually(data[1] == 2, "it does not go on");
        object_release(&user->object);
    }
    pager_fixture_end();
}

TEST(PGR0003, "a pager that refuses or answers nonsense ends the thread, and others go on", ALWAYS)
{
    const size_t page = PAGE_BYTES, at = offset_of(0);
    const struct {
        uint64_t words[4];
        int status;
    } bad[] = {
        {{PAGER_REFUSE, 44}, 44},
        {{7, at, page, RW}, ERROR_INVALID},
        {{PAGER_SUPPLY, at + page, page, RW}, ERROR_INVALID},
        {{PAGER_SUPPLY, at - page, page, RW}, ERROR_INVALID},
        {{PAGER_SUPPLY, at, 0, RW}, ERROR_INVALID},
        {{PAGER_SUPPLY, at + 8, page, RW}, ERROR_INVALID},
        {{PAGER_SUPPLY, at, page + 8, RW}, ERROR_INVALID},
        {{PAGER_SUPPLY, at, (PAGER_PAGES_MAX + 1) * page, RW}, ERROR_INVALID},
        {{PAGER_SUPPLY, 0, UINT64_MAX - page + 1, RW}, ERROR_INVALID},
        {{PAGER_SUPPLY, at, page, 0}, ERROR_INVALID},
        {{PAGER_SUPPLY, at, page, RIGHT_WRITE}, ERROR_INVALID},
        {{PAGER_SUPPLY, at, page, RIGHT_READ | RIGHT_EXECUTE}, ERROR_INVALID},
        {{PAGER_SUPPLY, at, page, RW | RIGHT_EXECUTE}, ERROR_INVALID},
        {{PAGER_SUPPLY, at, page, RW | RIGHT_MANAGE}, ERROR_INVALID},
    };
    if (!pager_fixture_begin(1, WAIT_FOREVER)) {
        return;
    }
    for (unsigned i = 0; i < array_length(bad); i++) {
        const uint64_t *words = bad[i].words;
        struct user_thread *user = pager_fixture_start(0, user_code_touch, PAGER_PLACE + 5);
        if (user == NULL) {
            break;
        }
        (void)pager_fixture_receive();
        pager_fixture_answer(words[0], words[1], words[2], words[3]);
        test_equal(pager_fixture_status(user), bad[i].status);
        test_equal(entry_of(0), 0);
    }
    int status;
    test_equal(task_wait(pager_fixture.task, 0, &status), ERROR_TIMEOUT);
    pager_fixture_end();
}

TEST(PGR0004, "a pager that ends, accuses or is gone ends the thread with its own status", ALWAYS)
{
    static const int expected[] = {66, ERROR_TOO_LONG, ERROR_PEER_DIED, ERROR_PEER_DIED,
                                   ERROR_PEER_DIED};
    if (!pager_fixture_begin(1, WAIT_FOREVER)) {
        return;
    }
    for (unsigned i = 0; i < array_length(expected); i++) {
        struct user_thread *user = pager_fixture_start(0, user_code_touch, PAGER_PLACE);
        if (user == NULL) {
            break;
        }
        if (i < 3) {
            (void)pager_fixture_receive();
        }
        if (i == 0) {
            test_equal(ipc_reply_fault(&pager_fixture.pager, 66), OK);
        } else if (i == 1) {
            test_equal(ipc_reply_error(&pager_fixture.pager, ERROR_TOO_LONG), OK);
        } else if (i == 2) {
            ipc_right_drop(&pager_fixture.pager.right);
        } else if (i == 3) {
            test_eventually(!priority_queue_empty(&pager_fixture.endpoint->callers),
                            "it does not ask");
            test_equal(handle_close(&pager_fixture.handles, pager_fixture.receives), OK);
        }
        test_equal(pager_fixture_status(user), expected[i]);
    }
    pager_fixture_end();
}

TEST(PGR0005, "a silent pager ends the thread after its time; without a limit a kill does", ALWAYS)
{
    if (!pager_fixture_begin(1, 3000000)) {
        return;
    }
    struct user_thread *user = pager_fixture_start(0, user_code_touch, PAGER_PLACE);
    if (user != NULL) {
        test_equal(pager_fixture_status(user), ERROR_TIMEOUT);
    }
    pager_fixture_end();
    if (!pager_fixture_begin(1, WAIT_FOREVER)) {
        return;
    }
    user = pager_fixture_start(0, user_code_touch, PAGER_PLACE);
    if (user != NULL) {
        int status;
        (void)pager_fixture_receive();
        test_equal(user_thread_wait(user, 2000000, &status), ERROR_TIMEOUT);
        user_thread_kill(user);
        test_equal(pager_fixture_status(user), ERROR_KILLED);
    }
    pager_fixture_end();
}

TEST(PGR0006,
     "a pager that touches its own region, itself or in a call, ends with a deadlock's status",
     ALWAYS)
{
    uint32_t handle = 0;
    if (!pager_fixture_begin(2, WAIT_FOREVER)) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(pager_fixture.task);
    test_equal(handle_open(&pager_fixture.task->handles, &pager_fixture.endpoint->object,
                           RIGHTS_ALL, 0, &handle),
               OK);
    data[0] = handle;
    data[1] = PAGER_PLACE;
    struct user_thread *user = pager_fixture_start(0, user_code_receive_touch, USER_WORLD_DATA);
    if (user != NULL) {
        test_equal(pager_fixture_status(user), ERROR_DEADLOCK);
    }
    volatile uint64_t *list = data + 0x400 / sizeof(uint64_t);
    struct script_call *calls = (struct script_call *)(uintptr_t)(list + 1);
    list[0] = 3;
    calls[0] =
        (struct script_call){.rax = SYSCALL_ipc_receive, .rdi = handle, .rsi = MESSAGE_TAG_POLL};
    calls[1] = (struct script_call){.rax = SYSCALL_task_create, .rdi = PAGER_PLACE, .rsi = 5};
    calls[2] = (struct script_call){.rax = SYSCALL_null};
    user = pager_fixture_start(1, user_code_script, USER_WORLD_DATA + 0x400);
    if (user != NULL) {
        test_equal(pager_fixture_status(user), ERROR_DEADLOCK);
        test_equal(calls[1].rax, SYSCALL_task_create); /* it did not come back from that */
    }
    pager_fixture_end();
}

TEST(PGR0007, "a system call waits for a pager, also for a buffer that straddles two pages", ALWAYS)
{
    uint32_t handle = 0;
    if (!pager_fixture_begin(1, WAIT_FOREVER)) {
        return;
    }
    volatile uint64_t *list = task_fixture_data(pager_fixture.task);
    struct script_call *calls = (struct script_call *)(uintptr_t)(list + 1);
    struct task *made;
    test_equal(handle_open(&pager_fixture.task->handles, &pager_fixture.task->object, RIGHTS_ALL, 0,
                           &handle),
               OK);
    list[0] = 2;
    calls[0] = (struct script_call){
        .rax = SYSCALL_task_create, .rdi = PAGER_PLACE + PAGE_BYTES - 4, .rsi = 8, .r12 = 12};
    calls[1] = (struct script_call){.rax = SYSCALL_thread_exit, .rdi = 21};
    struct user_thread *user = pager_fixture_start(0, user_code_script, USER_WORLD_DATA);
    if (user != NULL) {
        question_expect(pager_fixture_receive(), user, PAGER_PLACE + PAGE_BYTES - 4, RIGHT_READ);
        *(volatile uint32_t *)((uintptr_t)pager_fixture_word(offset_of(1) - 8) + 4) = 0x65676170;
        pager_fixture_supply(offset_of(0), RIGHT_READ);
        question_expect(pager_fixture_receive(), user, PAGER_PLACE + PAGE_BYTES, RIGHT_READ);
        *(volatile uint32_t *)pager_fixture_word(offset_of(1)) = 0x65676170;
        pager_fixture_supply(offset_of(1), RIGHT_READ);
        test_equal(pager_fixture_status(user), 21);
        test_check((int64_t)calls[0].rax > 0);
        test_equal(calls[0].r12, 12);
        struct object *object;
        test_equal(
            handle_find(&pager_fixture.task->handles, calls[0].rax, OBJECT_TASK, 0, &object, NULL),
            OK);
        made = container_of(object, struct task, object);
        test_check(string_equal(made->name, "pagepage"));
        object_release(object);
    }
    pager_fixture_end();
}
