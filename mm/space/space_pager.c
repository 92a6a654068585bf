/* See space_pager.h. */
#include "mm/space/space_pager.h"

#include "lib/error.h"

static int ask_nobody(struct space_pager *pager maybe_unused,
                      const struct space_page_question *question maybe_unused,
                      struct space_page_answer *answer)
{
    answer->reason = "there is no pager yet";
    return ERROR_FAULT;
}

static void destroy_nothing(struct space_pager *pager maybe_unused)
{
}

int (*space_pager_ask)(struct space_pager *pager, const struct space_page_question *question,
                       struct space_page_answer *answer) = ask_nobody;
void (*space_pager_destroy)(struct space_pager *pager) = destroy_nothing;

void space_pager_acquire(struct space_pager *pager)
{
    __atomic_add_fetch(&pager->references, 1, __ATOMIC_RELAXED);
}

void space_pager_release(struct space_pager *pager)
{
    if (pager != NULL && __atomic_sub_fetch(&pager->references, 1, __ATOMIC_ACQ_REL) == 0) {
        space_pager_destroy(pager);
    }
}
