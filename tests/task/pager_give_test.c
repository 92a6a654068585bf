/* Pagers that answer with pages of another memory object than the region's. */
#include "arch/x86_64/entry/trap_frame.h"
#include "kernel/object/object_memory.h"
#include "kernel/task/pager.h"
#include "lib/error.h"
#include "lib/fault_message.h"
#include "tests/support/threads.h"
#include "tests/task/pager_fixture.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define RW          (RIGHT_READ | RIGHT_WRITE)
#define OTHER_PAGES 8
#define OTHER       0x1000000UL  /* where it is mapped, from PAGER_WINDOW on */
#define ONLY_READ   0x28000000UL /* a region that was mapped by a handle that may only read */

extern const char user_code_page_use[], user_code_touch[];

static struct object *other; /* the other memory, as handles name it */

static bool begin(unsigned threads)
{
    struct memory_object *memory;
    if (!pager_fixture_begin(threads, WAIT_FOREVER)) {
        return false;
    }
    struct task *task = pager_fixture.task;
    test_equal(memory_object_create(OTHER_PAGES * PAGE_BYTES, task->quota, &memory), OK);
    test_equal(address_space_map(&task->space, PAGER_WINDOW + OTHER, OTHER_PAGES * PAGE_BYTES,
                                 SPACE_READ | SPACE_WRITE, memory, 0),
               OK);
    test_equal(object_memory_create(memory, &other), OK);
    return true;
}

static void end(void)
{
    object_release(other);
    pager_fixture_end();
}

static uint64_t entry_at(uintptr_t address)
{
    return user_tables_entry(&pager_fixture.task->space.tables, address);
}

/* Answers with a page at `from` of an object, by a handle with these rights. */
static void give(struct object *object, unsigned handle_rights, size_t offset, uint64_t rights,
                 size_t from)
{
    struct message *message = &pager_fixture.pager.message;
    struct message_load *load;
    test_equal(ipc_load_create(0, &load), OK);
    load->handles[0] = (struct handle_value){object, 0, handle_rights};
    object_handle_acquire(object, handle_rights);
    load->handle_count = 1;
    *message = (struct message){.words = {PAGER_SUPPLY, offset, PAGE_BYTES, rights, from},
                                .tag = message_tag(0, 1, 0),
                                .load = load};
    test_equal(ipc_reply(&pager_fixture.pager), OK);
}

TEST(PGR0015,
     "a pager gives a page of other memory; later writes to either are not seen in the other",
     ALWAYS)
{
    if (!begin(1)) {
        return;
    }
    volatile uint64_t *data = task_fixture_data(pager_fixture.task);
    uintptr_t address = PAGER_PLACE + 3 * PAGE_BYTES + 16;
    size_t offset = PAGER_OBJECT_OFFSET + 3 * PAGE_BYTES, from = 5 * PAGE_BYTES;
    *pager_fixture_word(OTHER + from + 16) = 0xabcdef;
    struct user_thread *user = pager_fixture_start(0, user_code_page_use, address);
    if (user != NULL) {
        (void)pager_fixture_receive();
        give(other, RIGHT_READ, offset, RIGHT_READ, from);
        const struct message *message = pager_fixture_receive(); /* it writes, after it has read */
        test_equal(message->words[PAGER_ACCESS], RIGHT_WRITE);
        test_equal(data[0], 0xabcdef);
        uint64_t given = entry_at(address), own = entry_at(PAGER_WINDOW + OTHER + from);
        test_equal(given & PAGE_ADDRESS_MASK, own & PAGE_ADDRESS_MASK);
        test_equal((given | own) & PAGE_WRITABLE, 0);
        *pager_fixture_word(OTHER + from + 32) = 77; /* copies the page of the other memory */
        give(other, RIGHT_READ, offset, RW, 0);      /* the region's memory keeps what it has */
        test_eventually(data[1] != 0, "it does not go on");
        test_equal(*pager_fixture_word(offset + 24), 0xabcdef);
        test_equal(*pager_fixture_word(offset + 32), 0);
        test_equal(*pager_fixture_word(OTHER + from + 16), 0xabcdef);
        test_equal(*pager_fixture_word(OTHER + from + 24), 0);
        object_release(&user->object);
    }
    end();
}

/* Has a thread touch `address`, answers, and returns the status that the thread ends with. */
static int status_after(uintptr_t address, struct object *object, unsigned handle_rights,
                        size_t from)
{
    struct user_thread *user = pager_fixture_start(0, user_code_touch, address);
    if (user == NULL) {
        return OK;
    }
    size_t offset = pager_fixture_receive()->words[PAGER_OFFSET];
    give(object, handle_rights, offset, RIGHT_READ, from);
    return pager_fixture_status(user);
}

/* Maps the region's memory once more, by a handle that may only read, with the same pager. */
static void only_read_map(void)
{
    struct pager_fixture *f = &pager_fixture;
    struct handle_value value = {&f->endpoint->object, PAGER_BADGE, RIGHT_SEND};
    struct space_pager *pager;
    uintptr_t address;
    object_handle_acquire(value.object, value.rights);
    test_equal(pager_create(&value, WAIT_FOREVER, &pager), OK);
    const struct space_mapping mapping = {.address = ONLY_READ,
                                          .bytes = PAGER_PAGES * PAGE_BYTES,
                                          .rights = SPACE_READ,
                                          .rights_most = SPACE_READ,
                                          .object = f->object,
                                          .pager = pager};
    test_equal(address_space_place(&f->task->space, &mapping, &address), OK);
    space_pager_release(pager);
}

TEST(PGR0016, "other memory that a pager may not give ends the thread, and changes nothing", ALWAYS)
{
    if (!begin(1)) {
        return;
    }
    size_t end_of_other = OTHER_PAGES * PAGE_BYTES;
    only_read_map();
    test_equal(status_after(PAGER_PLACE, other, RIGHT_WRITE, 0), ERROR_INVALID);
    test_equal(status_after(PAGER_PLACE, other, RIGHT_READ, 8), ERROR_INVALID);
    test_equal(status_after(PAGER_PLACE, other, RIGHT_READ, end_of_other), ERROR_INVALID);
    test_equal(status_after(PAGER_PLACE, other, RIGHT_READ, UINT64_MAX - PAGE_BYTES + 1),
               ERROR_INVALID);
    test_equal(status_after(PAGER_PLACE, &pager_fixture.task->object, RIGHT_READ, 0),
               ERROR_INVALID);
    test_equal(status_after(ONLY_READ, other, RIGHT_READ, 0), ERROR_INVALID);
    test_equal(pager_fixture.object->frames, 0);
    end();
}
