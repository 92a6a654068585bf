/*
 * The page fault in an address space. In a region without a pager the kernel enters the page by
 * itself (user_fault_try.c). In a region with a pager it asks the pager, enters the pages that the
 * answer gives, and then tries the faulting page again.
 */
#include "arch/x86_64/entry/trap_frame.h"
#include "lib/error.h"
#include "mm/space/memory_object_pages.h"
#include "mm/space/user_fault_try.h"

/* Puts the page at an offset into the region's object, if the answer gives it from another one. */
static must_check int page_put(const struct user_fault *fault,
                               const struct space_page_answer *answer, size_t offset)
{
    if (answer->from == NULL || offset >= memory_object_bytes(fault->question->object)) {
        return OK;
    }
    size_t from_offset = answer->from_offset + (offset - answer->offset);
    return memory_object_share_page(answer->from, from_offset / PAGE_BYTES, fault->question->object,
                                    offset / PAGE_BYTES);
}

/* Enters the page at an offset in the object, which the pager's answer gives. */
static must_check int page_give(struct user_fault *fault, const struct space_pager *pager,
                                const struct space_page_answer *answer, size_t offset)
{
    uintptr_t page = fault->page + (offset - fault->question->offset);
    int error = page_put(fault, answer, offset);
    if (error != OK) {
        fault->reason = NULL;
        return error;
    }
    struct user_fault given;
    given.supply.count = 0;
    user_fault_begin(&given, fault->space, page, 0);
    given.given_by = pager;
    given.given_page = offset / PAGE_BYTES;
    given.given_rights = answer->rights;
    error = user_fault_try(&given);
    user_fault_end(&given);
    fault->reason = given.reason;
    return error;
}

/*
 * Enters the pages that the answer gives, the touched page first. Only for that page an error
 * counts. The others are entered as long as there is memory; those outside of the region are left
 * out.
 */
static must_check int pages_give(struct user_fault *fault, const struct space_pager *pager,
                                 const struct space_page_answer *answer)
{
    /* LAB 9 BEGIN pages-give: enter the touched page, then the others */
    size_t touched = fault->question->offset;
    int error = page_give(fault, pager, answer, touched);
    for (size_t done = 0; done < answer->bytes && error == OK; done += PAGE_BYTES) {
        size_t offset = answer->offset + done;
        if (offset != touched) {
            int other = page_give(fault, pager, answer, offset);
            if (other == ERROR_NO_MEMORY || other == ERROR_QUOTA) {
                break;
            }
        }
    }
    fault->reason = error == OK ? NULL : fault->reason;
    return error;
    /* LAB 9 END pages-give */
}

/* Asks the pager the question that the last try left in fault->question. */
static must_check int question_ask(struct user_fault *fault)
{
    /* LAB 9 BEGIN question-ask: ask, enter what was given, release the pager */
    struct space_pager *pager = fault->pager;
    struct space_page_answer answer = {.reason = NULL};
    int error = space_pager_ask(pager, fault->question, &answer);
    fault->pager = NULL;
    fault->reason = answer.reason;
    if (error == OK) {
        error = pages_give(fault, pager, &answer);
    }
    if (answer.from != NULL) {
        memory_object_release(answer.from);
    }
    memory_object_release(fault->question->object);
    space_pager_release(pager);
    return error;
    /* LAB 9 END question-ask */
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

/* Tries for the first time, or for the second, if the first has found that tables are missing. */
static must_check int first_try(struct user_fault *fault, struct region *region)
{
    if (fault->supply.wanted == 0) {
        return user_fault_try_region(fault, region);
    }
    spin_unlock(&fault->space->lock);
    fault->reason = NULL; /* else a try has set it */
    return user_fault_try_further(fault, ERROR_AGAIN);
}

int user_fault_resolve(struct user_fault *fault, struct region *region, const char **reason)
{
    int error = first_try(fault, region);
    while (error == ERROR_AGAIN && fault->pager != NULL) {
        error = question_ask(fault);
        /* The page has been entered. But for a write it may have to be copied. */
        if (error == OK && (fault->error_code & PAGE_FAULT_WRITE) != 0) {
            error = user_fault_try(fault);
        }
    }
    user_fault_end(fault);
    if (error != OK) {
        *reason = fault->reason != NULL ? fault->reason : reason_of(error);
    }
    return error;
}
