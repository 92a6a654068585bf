/* The errors that each handle among the arguments of a call implies. */
#include "kernel/ipc/endpoint.h"
#include "kernel/object/object_name.h"
#include "kernel/syscall/kernel_objects.h"
#include "kernel/syscall/syscall_table.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/syscall/script.h"
#include "tests/test.h"

#define MAPPING_OFFSET 0x100
#define NAME_OFFSET    0x200

enum bad { NONE, NEXT_GENERATION, TOO_WIDE, STALE, CLOSED, WRONG_TYPE, NO_RIGHT, BADS };

static const int expected[BADS] = {ERROR_BAD_HANDLE,   ERROR_BAD_HANDLE,    ERROR_BAD_HANDLE,
                                   ERROR_STALE_HANDLE, ERROR_CLOSED_HANDLE, ERROR_WRONG_TYPE,
                                   ERROR_NO_RIGHT};

static void nothing_destroy(struct object *object maybe_unused)
{
}

static const struct object_operations no_operations = {.destroy = nothing_destroy};

static struct {
    struct object objects[OBJECT_TYPES]; /* one of each type, with nothing behind it */
    uint32_t without_rights[OBJECT_TYPES];
    struct endpoint *endpoint; /* of these three handles; calls to it end at once */
    uint32_t stale, current, closed;
    uint64_t task, memory; /* real ones */
    uint32_t system;
} fixture;

static uint32_t open(struct object *object, unsigned rights)
{
    uint32_t handle = 0;
    test_equal(handle_open(&script_handles, object, rights, 0, &handle), OK);
    return handle;
}

static void fixture_make(void)
{
    const struct memory_mapping mapping = {.bytes = PAGE_BYTES, .rights = RIGHT_READ};
    volatile uint64_t *page = user_world_stack(&script_world);
    struct object *object = &fixture.endpoint->object;
    fixture.stale = open(object, RIGHTS_ALL);
    for (unsigned i = 0; i < HANDLE_CHUNK_ENTRIES; i++) { /* until its entry is used again */
        test_equal(handle_close(&script_handles, i == 0 ? fixture.stale : fixture.current), OK);
        fixture.current = open(object, RIGHTS_ALL);
    }
    test_equal(fixture.current % HANDLES_MAX, fixture.stale % HANDLES_MAX);
    fixture.closed = open(object, RIGHTS_ALL);
    test_equal(handle_close(&script_handles, fixture.closed), OK);
    for (unsigned type = OBJECT_TASK; type < OBJECT_TYPES; type++) {
        object_init(&fixture.objects[type], (enum object_type)type, &no_operations);
        fixture.without_rights[type] = open(&fixture.objects[type], 0);
    }
    fixture.system = open(kernel_object_system(), RIGHTS_ALL);
    memcpy((void *)((uintptr_t)page + MAPPING_OFFSET), &mapping, sizeof(mapping));
    memcpy((void *)((uintptr_t)page + NAME_OFFSET), "made", 4);
    fixture.task =
        (uint64_t)script_call(SYSCALL_task_create, USER_WORLD_STACK + NAME_OFFSET, 4, 100);
    fixture.memory = (uint64_t)script_call(SYSCALL_memory_create, fixture.task, PAGE_BYTES, 0);
}

/* Returns what the list says behind the name of an argument, such as "handle endpoint SEND". */
static const char *argument_words(const struct syscall_description *call, unsigned index)
{
    const char *at = strchr(call->arguments, ':');
    for (; at != NULL && index > 0; index--) {
        at = strchr(at + 1, ':');
    }
    return at != NULL ? at + 2 : "";
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Returns the type of the object that the words "handle TYPE ..." ask for; 0: of any type. */
static unsigned type_of(const char *words)
{
    const char *name = words + strlen("handle ");
    for (unsigned type = OBJECT_TASK; type < OBJECT_TYPES; type++) {
        const char *type_name = object_type_name(type);
        if (begins(name, type_name) && strchr(" ,", name[strlen(type_name)]) != NULL) {
            return type;
        }
    }
    test_check(begins(name, "any"));
    return 0;
}

/* Whether the words ask for a right: one stands behind the type, before the comma. */
static bool asks_right(const char *words)
{
    const char *space = strchr(words + strlen("handle "), ' '), *comma = strchr(words, ',');
    return space != NULL && (comma == NULL || space < comma);
}

/* Returns an argument with which the call gets as far as the handle that is tried. */
static uint64_t argument_good(const char *words)
{
    unsigned type = begins(words, "handle ") ? type_of(words) : 0;
    return type == OBJECT_TASK       ? fixture.task
           : type == OBJECT_SYSTEM   ? fixture.system
           : type == OBJECT_MEMORY   ? fixture.memory
           : type == OBJECT_ENDPOINT ? fixture.current
           : begins(words, "in ")    ? USER_WORLD_STACK + MAPPING_OFFSET
                                     : 0;
}

static uint64_t bad_handle(enum bad bad, unsigned type)
{
    uint32_t other = type == OBJECT_ENDPOINT ? OBJECT_NOTIFICATION : OBJECT_ENDPOINT;
    const uint64_t handles[BADS] = {
        [NEXT_GENERATION] = fixture.current + HANDLES_MAX,
        [TOO_WIDE] = 1UL << 32 | fixture.current,
        [STALE] = fixture.stale,
        [CLOSED] = fixture.closed,
        [WRONG_TYPE] = fixture.without_rights[other],
        [NO_RIGHT] = fixture.without_rights[type != 0 ? type : OBJECT_ENDPOINT],
    };
    return handles[bad];
}

/* Makes a call with each kind of bad handle as one argument. */
static void argument_try(uint64_t number, unsigned index)
{
    static struct script script;
    const struct syscall_description *call = syscall_describe(number);
    const char *words = argument_words(call, index);
    unsigned type = type_of(words);
    enum bad tried[BADS];
    script_clear(&script, 0);
    for (enum bad bad = NONE; bad < BADS; bad++) {
        uint64_t values[6] = {0};
        if ((bad == NONE && index > 0) || /* 0 may mean that there is none */
            (bad == WRONG_TYPE && type == 0) || (bad == NO_RIGHT && !asks_right(words))) {
            continue;
        }
        for (unsigned i = 0; i < call->parameters; i++) {
            values[i] = i == index ? bad_handle(bad, type) : argument_good(argument_words(call, i));
        }
        tried[script.count] = bad;
        script_add(&script, number, values[0], values[1], values[2], values[3], values[4],
                   values[5]);
    }
    script_start(&script);
    script_join(&script);
    for (unsigned n = 0; n < script.count; n++) {
        const struct script_call *result = &script.calls[n];
        if ((int64_t)result->rax != expected[tried[n]]) {
            test_fail(__FILE__, __LINE__, "%s, argument %u, try %u: %ld, not %d", call->name, index,
                      tried[n], (int64_t)result->rax, expected[tried[n]]);
        }
        test_equal(result->rdi | result->rsi | result->rdx | result->r8 | result->r9 | result->r10,
                   0);
    }
}

TEST(SYS0002, "each handle of each call tells forged, stale, closed and wrong handles apart",
     ALWAYS)
{
    if (!script_begin(100)) {
        return;
    }
    if (endpoint_create(&fixture.endpoint) != OK) {
        test_fail(__FILE__, __LINE__, "there is no memory for an endpoint");
        script_end();
        return;
    }
    fixture_make();
    unsigned tried = 0;
    for (uint64_t number = 0; number < syscall_count; number++) {
        const struct syscall_description *call = syscall_describe(number);
        for (unsigned index = 0; index < call->parameters; index++) {
            if (begins(argument_words(call, index), "handle ")) {
                argument_try(number, index);
                tried++;
            }
        }
    }
    test_check(tried >= 50);
    test_equal(script_call(SYSCALL_handle_close, fixture.memory, 0, 0), OK);
    test_equal(script_call(SYSCALL_handle_close, fixture.task, 0, 0), OK);
    object_release(&fixture.endpoint->object);
    script_end();
}
