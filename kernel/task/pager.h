/*
 * Pagers: a region may have a pager, which is an endpoint that the kernel asks for the region's
 * pages (lib/fault_message.h). The thread that faulted waits for the answer in a call of IPC, on
 * its own kernel stack. It may have faulted in the middle of a system call.
 */
#pragma once

#include "kernel/object/handle_table.h"
#include "mm/space/space_pager.h"

/*
 * Makes a pager of an endpoint, with one reference. On success the value, which counts as a handle
 * that may call, belongs to the pager; after an error it still belongs to the caller. An answer may
 * take `limit_ns` nanoseconds; WAIT_FOREVER: no limit. Context: THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int pager_create(const struct handle_value *endpoint, uint64_t limit_ns,
                            struct space_pager **out);

/*
 * Asks a pager for a page on behalf of the calling thread. After an error other than ERROR_KILLED
 * the pager has failed: the thread is to end with the status user_thread.status. For
 * kernel/hooks.c: the hook space_pager_ask. Context: THREAD; sleeps. Errors: ERROR_KILLED,
 * ERROR_FAULT (the pager refused, or the thread has no user mode or is to end), ERROR_PEER_DIED,
 * ERROR_TIMEOUT, ERROR_INVALID (the answer makes no sense), ERROR_DEADLOCK (the thread serves this
 * pager's endpoint).
 */
must_check int pager_ask(struct space_pager *pager, const struct space_page_question *question,
                         struct space_page_answer *answer);

/* Frees a pager. For kernel/hooks.c: the hook space_pager_destroy. Context: THREAD. */
void pager_free(struct space_pager *pager);
