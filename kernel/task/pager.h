/*
 * Pagers: the endpoint that a region names, and how the kernel asks it for pages
 * (lib/fault_message.h). The thread that faulted waits for the answer in a call of IPC, on its own
 * kernel stack, also in the middle of a system call.
 */
#pragma once

#include "kernel/object/handle_table.h"
#include "mm/space/space_pager.h"

/*
 * Makes a pager of an endpoint, with one reference. The value counts as a handle that may call, and
 * belongs to the pager then; after an error it is still the caller's. An answer may take `limit_ns`
 * nanoseconds; WAIT_FOREVER: any time. Context: THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int pager_create(const struct handle_value *endpoint, uint64_t limit_ns,
                            struct space_pager **out);

/*
 * Asks a pager for a page on behalf of the calling thread. If that ends with an error other than
 * ERROR_KILLED, the pager has failed: the thread is to end with the status that pager_failure()
 * returns. For kernel/hooks.c: the hook space_pager_ask. Context: THREAD; sleeps. Errors:
 * ERROR_KILLED, ERROR_FAULT (refused), ERROR_PEER_DIED, ERROR_TIMEOUT, ERROR_INVALID (the answer is
 * none), ERROR_DEADLOCK (the thread serves this pager's endpoint).
 */
must_check int pager_ask(struct space_pager *pager, const struct space_page_question *question,
                         struct space_page_answer *answer);

/* Frees a pager. For kernel/hooks.c: the hook space_pager_destroy. Context: THREAD. */
void pager_free(struct space_pager *pager);
