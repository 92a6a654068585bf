/*
 * The messages by which the kernel tells a program of another thread's fault, and the answers. A
 * message arrives at an endpoint like a call by the thread that faulted. Its badge is that of the
 * handle to the endpoint that the kernel was given. MESSAGE_TAG_KERNEL in the tag says that the
 * kernel sent it and no program.
 */
#pragma once

#include "lib/abi.h"

/*
 * The message to the handler of a task: a thread of the task raised an exception, or a page fault
 * that could not be resolved. The message carries a handle to the thread, which counts as stopped
 * until the answer, and the report as text. enum exception_word numbers the words of the message.
 */
#define MESSAGE_LABEL_EXCEPTION 1
enum exception_word {
    EXCEPTION_THREAD,  /* the thread's number, as in the log */
    EXCEPTION_VECTOR,  /* the CPU's number of the exception */
    EXCEPTION_ADDRESS, /* of a page fault, else 0 */
    EXCEPTION_ACCESS,  /* of a page fault: RIGHT_READ, _WRITE or _EXECUTE; else 0 */
    EXCEPTION_RIP,
    EXCEPTION_ERROR, /* of a page fault: why it was not resolved, an error of lib/error.h with sign;
                        else the CPU's error code */
};

/* The words of the handler's answer: an exception_answer, and the status for EXCEPTION_END. */
enum exception_answer_word { EXCEPTION_ANSWER, EXCEPTION_STATUS };
enum exception_answer {
    EXCEPTION_END,    /* the thread ends */
    EXCEPTION_RESUME, /* it goes on with its registers, which may have been written */
};

/*
 * The message to the pager of a region: a thread touched a page of the region that is not in the
 * page tables, or not with the right that the access needs. The kernel may ask again for a page
 * that the pager gave before, and two threads may ask for the same page. enum pager_word numbers
 * the words.
 */
#define MESSAGE_LABEL_PAGER 2
enum pager_word {
    PAGER_ADDRESS, /* that was touched */
    PAGER_ACCESS,  /* RIGHT_READ, _WRITE or _EXECUTE */
    PAGER_THREAD,  /* the thread's number, as in the log */
    PAGER_REGION,  /* where the region begins */
    PAGER_OFFSET,  /* of the touched page, in the region's memory object */
    PAGER_RIGHTS,  /* of the region: RIGHT_READ and others */
};

/*
 * The pager's answer. PAGER_SUPPLY gives whole pages of the memory object, at most PAGER_PAGES_MAX.
 * The touched page must be among them, and the rights must allow the access. Pages outside of the
 * region are ignored. PAGER_REFUSE gives none, and the thread ends with PAGER_STATUS.
 *
 * With one handle, to memory that may be read, the pages come from that memory, from
 * PAGER_GIVEN_FROM on: the region's memory gets their present content, copy-on-write. A page that
 * the region's memory has already stays as it is. The region must have been mapped by a handle
 * with RIGHT_WRITE.
 */
#define PAGER_PAGES_MAX 64
enum pager_answer_word {
    PAGER_ANSWER,
    PAGER_GIVEN_OFFSET,
    PAGER_GIVEN_BYTES,
    PAGER_GIVEN_RIGHTS,
    PAGER_GIVEN_FROM, /* offset in the other memory, if there is a handle */
    PAGER_STATUS = 1, /* of PAGER_REFUSE */
};
enum pager_answer { PAGER_REFUSE, PAGER_SUPPLY };
