/*
 * The messages by which the kernel tells a program of another thread's fault, and their answers. They
 * come by an endpoint, as a call of the thread that faulted, with the badge of the handle that was
 * given to the kernel. MESSAGE_TAG_KERNEL in the tag says that no program sent it.
 */
#pragma once

#include "lib/abi.h"

/* What a thread was about to do with an address. */
#define FAULT_READ    1UL
#define FAULT_WRITE   2UL
#define FAULT_EXECUTE 4UL

/*
 * To the handler of a task: an exception of user mode, or a page fault that could not be resolved.
 * The message has a handle to the thread, which counts as stopped meanwhile, and the report as text.
 * The numbers are those of its words.
 */
#define MESSAGE_LABEL_EXCEPTION 1
enum exception_word {
    EXCEPTION_THREAD,  /* the thread's number, as in the log */
    EXCEPTION_VECTOR,  /* the CPU's number of the exception */
    EXCEPTION_ADDRESS, /* of a page fault, else 0 */
    EXCEPTION_ACCESS,  /* of a page fault: FAULT_READ ..., else 0 */
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
