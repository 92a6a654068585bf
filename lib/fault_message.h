/*
 * The messages by which the kernel tells a program of another thread's fault, and their answers.
 * They come by an endpoint, as a call of the thread that faulted, with the badge of the handle that
 * was given to the kernel. MESSAGE_TAG_KERNEL in the tag says that no program sent it.
 */
#pragma once

#include "lib/abi.h"

/*
 * To the handler of a task: an exception of user mode, or a page fault that could not be resolved.
 * The message has a handle to the thread, which counts as stopped meanwhile, and the report as
 * text. The numbers are those of its words.
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

/* The handler's answer: what it is, and the status with which a thread ends. */
enum exception_answer_word { EXCEPTION_ANSWER, EXCEPTION_STATUS };
enum exception_answer {
    EXCEPTION_END,    /* the thread ends */
    EXCEPTION_RESUME, /* it goes on with its registers, which may have been written */
};

/*
 * To the pager of a region: a touch of a page in it that is not entered, or not with that right.
 * The kernel may ask again for a page that was given, and two threads may ask for one page.
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
 * The pager's answer. It gives whole pages of the memory object, at most PAGER_PAGES_MAX, the
 * touched one among them, with rights that allow the access; those outside of the region do not
 * count. Or it refuses, and the thread ends with a status.
 */
#define PAGER_PAGES_MAX 64
enum pager_answer_word {
    PAGER_ANSWER,
    PAGER_GIVEN_OFFSET,
    PAGER_GIVEN_BYTES,
    PAGER_GIVEN_RIGHTS,
    PAGER_STATUS = 1, /* of PAGER_REFUSE */
};
enum pager_answer { PAGER_REFUSE, PAGER_SUPPLY };
