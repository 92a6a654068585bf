/* Ring 3 and the kernel stack of its own thread, whose holes only ring 0 may fill. */
#include "arch/x86_64/entry/entry.h"
#include "lib/error.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_slot.h"
#include "tests/support/threads.h"
#include "tests/support/user_world.h"
#include "tests/test.h"

extern const char user_code_touch[];

static struct user_world world;
static struct user_world_thread one;
static bool backed_before, backed_at_fault;
static bool (*old_case)(struct trap_frame *frame);

static bool page_is_backed(uintptr_t address)
{
    return *paging_leaf(address) & PAGE_PRESENT;
}

static bool fault_note(struct trap_frame *frame)
{
    if (trap_frame_from_user(frame) && stack_leaf_exists(frame->address)) {
        backed_at_fault = page_is_backed(frame->address);
    }
    return old_case(frame);
}

/* Goes to user mode, and there touches the lowest page of the kernel stack on which this runs. */
static void touch_own_stack(void *argument maybe_unused)
{
    uintptr_t bottom = stack_bottom(thread_current()->slot);
    backed_before = page_is_backed(bottom);
    backed_at_fault = !backed_before;
    test_equal(user_frame_init(user_frame(), one.rip, one.rsp, bottom), OK);
    user_enter();
}

TEST(USR0060,
     "a touch of a hole of its own kernel stack by user mode is its fault, and fills nothing",
     ALWAYS)
{
    user_world_begin();
    old_case = page_fault_thread_case;
    page_fault_thread_case = fault_note;
    if (user_world_create(&world)) {
        one = (struct user_world_thread){
            .world = &world,
            .rip = user_world_address(user_code_touch),
            .rsp = USER_WORLD_TOP,
            .user.context = {.tables = &world.tables, .special = USER_SPECIAL_NEW}};
        const struct thread_options options = {
            .name = "user", .priority = THREAD_PRIORITY_DEFAULT, .user = &one.user};
        test_equal(test_thread_join(test_thread_create(&options, touch_own_stack, NULL)), 0);
        test_check(one.ended);
        test_equal(one.exception.vector, VECTOR_PAGE_FAULT);
        test_equal(backed_at_fault, backed_before);
        user_world_destroy(&world);
    }
    page_fault_thread_case = old_case;
    user_world_end();
}
