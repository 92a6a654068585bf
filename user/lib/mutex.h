/*
 * Mutexes for the threads of one program. Taking and giving a free one costs no system call. A
 * thread that finds it taken waits on the mutex's notification, which the first such thread makes.
 */
#pragma once

#include "lib/compiler.h"

/* A zeroed one is free. */
struct mutex {
    uint32_t state;        /* one of enum mutex_state of mutex.c; atomic */
    uint32_t notification; /* a handle; 0 until a thread waits for the first time; atomic */
};

/* Closes the notification. No thread may hold the mutex or wait for it. */
void mutex_destroy(struct mutex *mutex);

/*
 * Takes the mutex; waits while another thread holds it. Ends the program if the kernel refuses to
 * let it wait.
 */
void mutex_lock(struct mutex *mutex);

/* Takes the mutex if it is free. Returns whether it did. */
must_check bool mutex_try(struct mutex *mutex);

/* Gives the mutex back. The calling thread must hold it. */
void mutex_unlock(struct mutex *mutex);
