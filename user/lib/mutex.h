/*
 * Mutexes for the threads of one program. Taking a free mutex, and giving back one that no thread
 * waits for, takes no system call. A thread that finds the mutex taken waits on the mutex's
 * notification, which the first such thread creates.
 */
#pragma once

#include "lib/compiler.h"

/* A zeroed mutex is free. */
struct mutex {
    uint32_t state;        /* one of enum mutex_state of mutex.c; atomic */
    uint32_t notification; /* a handle; 0 until a thread waits for the first time; atomic */
};

/*
 * Closes the notification, if there is one. The caller makes sure that no thread holds the mutex or
 * waits for it.
 */
void mutex_destroy(struct mutex *mutex);

/*
 * Takes the mutex; waits while another thread holds it. Ends the program if the kernel refuses the
 * notification or the wait. Not recursive.
 */
void mutex_lock(struct mutex *mutex);

/* Takes the mutex if it is free. Returns whether it did. */
must_check bool mutex_try(struct mutex *mutex);

/* Gives the mutex back. The calling thread must hold it. */
void mutex_unlock(struct mutex *mutex);
