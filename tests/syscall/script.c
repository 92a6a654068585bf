/* See script.h. */
#include "tests/syscall/script.h"

#include "kernel/ipc/ipc.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define LIST_BYTES 0x380UL /* of each script, in the page of data */

extern const char user_code_script[];

struct handle_table script_handles;
struct user_world script_world;

static_assert(8 + SCRIPT_CALLS_MAX * sizeof(struct script_call) <= LIST_BYTES, "a list overflows");
static_assert(SCRIPTS_MAX * LIST_BYTES <= SCRIPT_BUFFER - USER_WORLD_DATA, "lists overflow");

bool script_begin(uint32_t limit)
{
    user_world_begin();
    handle_table_init(&script_handles, limit);
    if (!user_world_create(&script_world)) {
        user_world_end();
        return false;
    }
    script_world.handles = &script_handles;
    return true;
}

void script_end(void)
{
    handle_table_destroy(&script_handles);
    user_world_destroy(&script_world);
    user_world_end();
}

void script_clear(struct script *script, unsigned index)
{
    memset(script, 0, sizeof(*script));
    script->index = index;
    script->world = &script_world;
}

void script_add(struct script *script, uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                uint64_t d, uint64_t e, uint64_t f)
{
    script->calls[script->count++] = (struct script_call){.rax = number,
                                                          .rdi = a,
                                                          .rsi = b,
                                                          .rdx = c,
                                                          .r10 = d,
                                                          .r8 = e,
                                                          .r9 = f,
                                                          .r12 = 12,
                                                          .r13 = 13};
}

void script_add_message(struct script *script, uint64_t number, uint64_t handle, uint64_t tag,
                        uint64_t value)
{
    script->calls[script->count++] = (struct script_call){.rax = number,
                                                          .rdi = handle,
                                                          .rsi = tag,
                                                          .rdx = value,
                                                          .r8 = value + 1,
                                                          .r9 = value + 2,
                                                          .r10 = value + 3,
                                                          .r12 = value + 4,
                                                          .r13 = value + 5};
}

/* The script's list in the world, as the kernel sees it: a number, then the calls. */
static volatile uint64_t *list_of(const struct script *script)
{
    return user_world_data(script->world) + script->index * LIST_BYTES / sizeof(uint64_t);
}

void script_start(struct script *script)
{
    volatile uint64_t *list = list_of(script);
    list[0] = script->count;
    memcpy((void *)(list + 1), script->calls, script->count * sizeof(script->calls[0]));
    script->running =
        user_world_start(&script->thread, script->world, user_code_script,
                         USER_WORLD_DATA + script->index * LIST_BYTES, script->affinity);
}

void script_join(struct script *script)
{
    script->running = (test_thread_join(script->running), NULL);
    memcpy(script->calls, (const void *)(list_of(script) + 1),
           script->count * sizeof(script->calls[0]));
    ipc_state_end(&script->thread.user.ipc);
    user_thread_notes_release(&script->thread.user);
}

void script_closes_pass(uint64_t before)
{
    uint64_t flags = spin_lock_irq_save(&script_handles.lock);
    script_handles.closes = before + (1UL << 32);
    spin_unlock_irq_restore(&script_handles.lock, flags);
}

int64_t script_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    static struct script script;
    script_clear(&script, 0);
    script_add(&script, number, a, b, c, 0, 0, 0);
    script_start(&script);
    script_join(&script);
    return (int64_t)script.calls[0].rax;
}

void script_expect_words(const struct script_call *call, uint64_t value)
{
    test_equal(call->rdx, value);
    test_equal(call->r8, value + 1);
    test_equal(call->r9, value + 2);
    test_equal(call->r10, value + 3);
    test_equal(call->r12, value + 4);
    test_equal(call->r13, value + 5);
}
