/*
 * The page fault in an address space: finds the region, checks the access against its rights, gets
 * the frame from the memory object, and enters it. All of that happens under two spinlocks, in
 * bounded time; frames for page tables are allocated with none held, and so are copies of shared
 * pages made. After either the fault looks at everything again.
 */
#include "arch/x86_64/entry/trap_frame.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/space/memory_object_pages.h"
#include "mm/space/region.h"

struct user_fault {
    struct address_space *space;
    uintptr_t page;
    uint32_t error_code;
    struct user_table_supply supply;
    const char *reason;
    /* With ERROR_AGAIN: what to do before the next try. NULL object: fill the supply. */
    struct memory_object *copy_object; /* acquired */
    size_t copy_index;
    bool must_wait; /* nothing can be done but to wait */
};

/* Returns why an access is refused, in words, or NULL if the region allows it. */
static const char *refusal_of(const struct user_fault *fault, const struct region *region)
{
    if (region == NULL) {
        return "nothing is mapped there";
    }
    if (region->is_stack_guard) {
        return "it is the guard below a stack: the stack overflowed";
    }
    if (region->leaving) {
        return "it is being unmapped";
    }
    if (!(region->rights & SPACE_READ)) {
        return "its region allows no access";
    }
    if ((fault->error_code & PAGE_FAULT_FETCH) && !(region->rights & SPACE_EXECUTE)) {
        return "its region may not be executed";
    }
    if ((fault->error_code & PAGE_FAULT_WRITE) && !(region->rights & SPACE_WRITE)) {
        return "its region may not be written";
    }
    return NULL;
}

static uint64_t entry_for(const struct region *region, const struct memory_page *page)
{
    uint64_t entry = page->frame | PAGE_PRESENT | PAGE_USER | PAGE_ACCESSED;
    if (region->object->kind == MEMORY_PHYSICAL) {
        entry |= region->object->caching;
    }
    if ((region->rights & SPACE_WRITE) && page->may_be_written) {
        entry |= PAGE_WRITABLE | PAGE_DIRTY;
    }
    if (!(region->rights & SPACE_EXECUTE)) {
        entry |= PAGE_NO_EXECUTE;
    }
    return entry;
}

/* Enters the page of an object. Both locks are held. */
static must_check int page_enter(struct user_fault *fault, const struct region *region)
{
    struct memory_page page;
    size_t index = region->first_page + (fault->page - region->node.key) / PAGE_BYTES;
    int error =
        memory_object_page(region->object, index, fault->error_code & PAGE_FAULT_WRITE, &page);
    if (error != OK) {
        fault->must_wait = error == ERROR_AGAIN;
        return error;
    }
    if (page.needs_copy) {
        fault->copy_object = region->object;
        fault->copy_index = index;
        memory_object_acquire(region->object);
        return ERROR_AGAIN;
    }
    return user_tables_enter(&fault->space->tables, fault->page, entry_for(region, &page),
                             &fault->supply);
}

static must_check int fault_try(struct user_fault *fault)
{
    struct address_space *space = fault->space;
    int error = ERROR_FAULT;

    spin_lock(&space->lock);
    struct region *region = region_find(space, fault->page);
    fault->reason = refusal_of(fault, region);
    if (fault->reason == NULL) {
        spin_lock(&region->object->lock);
        error = page_enter(fault, region);
        spin_unlock(&region->object->lock);
    }
    spin_unlock(&space->lock);
    return error;
}

/* Allocates the frames for page tables that the last try lacked. */
static must_check int supply_fill(struct user_fault *fault)
{
    struct user_table_supply *supply = &fault->supply;
    int error = OK;
    while (supply->count < supply->wanted && error == OK) {
        error = frame_quota_allocate(fault->space->quota, FRAME_OWNER_USER_TABLE,
                                     &supply->frames[supply->count]);
        supply->count += error == OK;
    }
    return error;
}

/* Frees frames that the tables did not need in the end. */
static void supply_free(struct user_fault *fault)
{
    while (fault->supply.count > 0) {
        frame_quota_free(fault->space->quota, FRAME_OWNER_USER_TABLE,
                         fault->supply.frames[--fault->supply.count]);
    }
}

/* Does what a try that ended with ERROR_AGAIN needs. */
static must_check int obstacle_remove(struct user_fault *fault)
{
    struct memory_object *object = fault->copy_object;
    if (object == NULL) {
        return supply_fill(fault);
    }
    fault->copy_object = NULL;
    int error = memory_object_copy_page(object, fault->copy_index);
    memory_object_release(object);
    return error;
}

static const char *reason_of(int error)
{
    switch (error) {
    case ERROR_QUOTA:
        return "the quota of frames is used up";
    case ERROR_NO_MEMORY:
        return "no memory is left";
    case ERROR_AGAIN:
        return "its page is being copied";
    default:
        return "its page-table entry names another frame";
    }
}

int address_space_fault(struct address_space *space, uintptr_t address, uint32_t error_code,
                        const char **reason)
{
    struct user_fault fault = {
        .space = space, .page = align_down(address, PAGE_BYTES), .error_code = error_code};

    if (address < USER_BASE || address >= USER_END) {
        *reason = address < USER_BASE ? "it is a null pointer, or an offset to one"
                                      : "it is no address of user mode";
        return ERROR_FAULT;
    }
    int error = fault_try(&fault);
    while (error == ERROR_AGAIN && !fault.must_wait) {
        error = obstacle_remove(&fault);
        if (error == OK) {
            error = fault_try(&fault);
        }
    }
    supply_free(&fault);
    *reason = error == OK ? NULL : fault.reason != NULL ? fault.reason : reason_of(error);
    return error;
}
