/*
 * One try finds the region, checks the access against its rights, gets the frame from the memory
 * object, and enters it. A try holds two spinlocks, for a bounded time. If page tables are missing,
 * or the page is shared and must be copied, the try ends; the frames are allocated and the copy is
 * made with no lock held. Then another try begins from the start.
 */
#include "mm/space/user_fault_try.h"

#include "arch/x86_64/entry/trap_frame.h"
#include "lib/error.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_collect.h"
#include "mm/space/memory_object_pages.h"

static unsigned access_of(uint32_t error_code)
{
    if (error_code & PAGE_FAULT_FETCH) {
        return SPACE_EXECUTE;
    }
    return error_code & PAGE_FAULT_WRITE ? SPACE_WRITE : SPACE_READ;
}

/* The guard of a stack has no rights, and so allows nothing. */
static always_inline bool region_allows(const struct region *region, uint32_t error_code)
{
    unsigned needed = SPACE_READ | (error_code & PAGE_FAULT_WRITE ? SPACE_WRITE : 0) |
                      (error_code & PAGE_FAULT_FETCH ? SPACE_EXECUTE : 0);
    return !region->leaving && (region->rights & needed) == needed;
}

/* Returns why a region does not allow an access, in words. NULL: there is no region. */
static const char *refusal_of(const struct region *region, uint32_t error_code)
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
    return error_code & PAGE_FAULT_FETCH ? "its region may not be executed"
                                         : "its region may not be written";
}

static inline_if_optimized uint64_t entry_for(unsigned rights, const struct memory_page *page)
{
    uint64_t entry = page->frame | page->caching | PAGE_PRESENT | PAGE_USER | PAGE_ACCESSED;
    if ((rights & SPACE_WRITE) && page->may_be_written) {
        entry |= PAGE_WRITABLE | PAGE_DIRTY;
    }
    if (!(rights & SPACE_EXECUTE)) {
        entry |= PAGE_NO_EXECUTE;
    }
    return entry;
}

/* The number in the region's object of the page at an address. */
static size_t page_index(const struct region *region, uintptr_t page)
{
    return region->first_page + (page - region->node.key) / PAGE_BYTES;
}

/* Enters the page of an object. Both locks are held. */
static must_check int page_enter(struct user_fault *fault, const struct region *region)
{
    struct memory_page page;
    size_t index = page_index(region, fault->page);
    unsigned rights =
        region->rights & (fault->given_by != NULL ? fault->given_rights : SPACE_RIGHTS_ALL);
    bool writes = fault->given_by != NULL ? (rights & SPACE_WRITE) != 0
                                          : (fault->error_code & PAGE_FAULT_WRITE) != 0;
    int error = memory_object_page(region->object, index, writes, &page);
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
    return user_tables_enter(&fault->space->tables, fault->page, entry_for(rights, &page),
                             &fault->supply);
}

static bool entry_allows(uint64_t entry, unsigned access)
{
    return (entry & PAGE_PRESENT) && (access != SPACE_WRITE || (entry & PAGE_WRITABLE)) &&
           (access != SPACE_EXECUTE || !(entry & PAGE_NO_EXECUTE));
}

/*
 * Prepares the question to the region's pager. If the page is there already, because the pager has
 * answered another thread meanwhile, does nothing and returns OK. The space's lock is held.
 */
static must_check int question_make(struct user_fault *fault, const struct region *region)
{
    unsigned access = access_of(fault->error_code);
    if (entry_allows(user_tables_entry(&fault->space->tables, fault->page), access)) {
        return OK;
    }
    *fault->question =
        (struct space_page_question){.address = fault->address,
                                     .access = access,
                                     .start = region->node.key,
                                     .offset = page_index(region, fault->page) * PAGE_BYTES,
                                     .rights = region->rights,
                                     .may_be_given = (region->rights_most & SPACE_WRITE) != 0,
                                     .object = region->object};
    memory_object_acquire(region->object);
    fault->pager = region->pager;
    space_pager_acquire(fault->pager);
    return ERROR_AGAIN;
}

/* Returns whether the region is the one whose pager gave the page. The space's lock is held. */
static bool is_given(const struct user_fault *fault, const struct region *region)
{
    return region->pager == fault->given_by && page_index(region, fault->page) == fault->given_page;
}

/* Tries once, with the space's lock held, and releases it. */
static inline_if_optimized must_check int try_region(struct user_fault *fault,
                                                     struct region *region)
{
    struct address_space *space = fault->space;
    int error = ERROR_FAULT;

    fault->reason = region != NULL && region_allows(region, fault->error_code)
                        ? NULL
                        : refusal_of(region, fault->error_code);
    if (fault->reason == NULL && region->pager != NULL && fault->given_by == NULL) {
        error = question_make(fault, region);
    } else if (fault->reason == NULL && fault->given_by != NULL && !is_given(fault, region)) {
        error = OK;
    } else if (fault->reason == NULL) {
        spinlock_take(&region->object->lock); /* not counted: preemption is off already */
        error = page_enter(fault, region);
        spinlock_pass(&region->object->lock);
    }
    spin_unlock(&space->lock);
    return error;
}

static must_check int try_once(struct user_fault *fault)
{
    spin_lock(&fault->space->lock);
    return try_region(fault, region_find_touched(fault->space, fault->page));
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

/* Does what the try that ended with ERROR_AGAIN could not do with its locks held. */
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

/*
 * Tries until the page is entered, or only a pager, another thread or more memory could help.
 * `error` is the result of the last try.
 */
static never_inline must_check int try_repeatedly(struct user_fault *fault, int error)
{
    while (error == ERROR_AGAIN && !fault->must_wait && fault->pager == NULL) {
        error = obstacle_remove(fault);
        if (error == OK) {
            error = try_once(fault);
        }
    }
    return error;
}

int user_fault_try_further(struct user_fault *fault, int error)
{
    error = try_repeatedly(fault, error);
    if (unlikely(error == ERROR_NO_MEMORY) && frame_collect_if_short()) {
        /* a try holds locks and cannot collect frames itself */
        error = try_repeatedly(fault, try_once(fault));
    }
    return error;
}

int user_fault_try_region(struct user_fault *fault, struct region *region)
{
    int error = try_region(fault, region);
    return likely(error == OK || fault->pager != NULL) ? error
                                                       : user_fault_try_further(fault, error);
}

int user_fault_try(struct user_fault *fault)
{
    spin_lock(&fault->space->lock);
    return user_fault_try_region(fault, region_find_touched(fault->space, fault->page));
}

/*
 * Enters a page of a region that has no pager and allows the access, if no table is missing and
 * nothing has to be copied, as for nearly all faults. Else returns false; a page that got a frame
 * keeps it, and supply->wanted tells whether tables are missing. The space's lock is held.
 */
static inline_if_optimized must_check bool enter_at_once(struct address_space *space,
                                                         const struct region *region,
                                                         uintptr_t page, uint32_t error_code,
                                                         struct user_table_supply *supply)
{
    struct memory_object *object = region->object;
    bool writes = (error_code & PAGE_FAULT_WRITE) != 0;
    struct memory_page found;

    spinlock_take(&object->lock); /* not counted: preemption is off already */
    int error = memory_object_page(object, page_index(region, page), writes, &found);
    if (likely(error == OK && !found.needs_copy)) {
        error = user_tables_enter(&space->tables, page, entry_for(region->rights, &found), supply);
    } else {
        error = ERROR_AGAIN;
    }
    spinlock_pass(&object->lock);
    return error == OK;
}

int address_space_fault(struct address_space *space, uintptr_t address, uint32_t error_code,
                        const char **reason)
{
    struct space_page_question question;
    struct user_fault fault;

    if (unlikely(address < USER_BASE || address >= USER_END)) {
        *reason = address < USER_BASE ? "it is a null pointer, or an offset to one"
                                      : "it is no address of user mode";
        return ERROR_FAULT;
    }
    fault.supply.count = fault.supply.wanted = 0;
    spin_lock(&space->lock);
    struct region *region = region_find_touched(space, address);
    if (unlikely(region == NULL || region->pager != NULL || !region_allows(region, error_code)) ||
        unlikely(!enter_at_once(space, region, align_down(address, PAGE_BYTES), error_code,
                                &fault.supply))) {
        user_fault_begin(&fault, space, address, error_code);
        fault.question = &question;
        return user_fault_resolve(&fault, region, reason);
    }
    spin_unlock(&space->lock);
    return OK;
}
