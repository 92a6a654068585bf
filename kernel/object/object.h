/*
 * Kernel objects are what handles name. An object has two counts.
 *
 *   references  everything that may touch the object: its handles, and kernel code that works with
 *               it. The last one frees the object.
 *   handles     entries of handle tables, and handles in messages that are under way. When the last
 *               one is gone, no program can reach the object any more, and its waiters must be woken.
 *
 * A handle counts as a reference too. Both counts change without a lock.
 */
#pragma once

#include "lib/abi.h"

struct object;

/* The functions of a type of object. Members that may be NULL say so. */
struct object_operations {
    /*
     * Called when a handle with these rights begins to exist. It changes counts only: no lock, no
     * wait. May be NULL. Context: ATOMIC.
     */
    void (*opened)(struct object *object, unsigned rights);
    /*
     * Called when a handle with these rights is gone; `last` says that no handle is left. The
     * object still exists. The function wakes the threads whose wait could not end any more, in
     * bounded steps. May be NULL. Context: THREAD.
     */
    void (*closed)(struct object *object, unsigned rights, bool last);
    /* Called when the last reference is gone: frees the object. Context: THREAD. */
    void (*destroy)(struct object *object);
};

struct object {
    uint32_t references; /* atomic */
    uint32_t handles;    /* atomic */
    uint8_t type;        /* enum object_type */
    const struct object_operations *operations;
};

/* Prepares an object with one reference, which is the caller's, and no handle. Context: ANY. */
void object_init(struct object *object, enum object_type type,
                 const struct object_operations *operations);

/*
 * Takes a reference; releases one that is certainly not the last. Neither checks anything: for
 * paths in which each instruction counts. Context: ATOMIC.
 */
static always_inline void object_acquire_inline(struct object *object)
{
    __atomic_fetch_add(&object->references, 1, __ATOMIC_RELAXED);
}
static always_inline void object_release_inline(struct object *object)
{
    __atomic_fetch_sub(&object->references, 1, __ATOMIC_RELEASE);
}

/*
 * Gives up a reference. Returns true if it was the last one: then the caller calls
 * object_free(). Checks nothing. Context: ATOMIC.
 */
static always_inline must_check bool object_release_is_last(struct object *object)
{
    return __atomic_fetch_sub(&object->references, 1, __ATOMIC_ACQ_REL) == 1;
}

/*
 * Takes one more reference to an object. The caller makes sure that another reference exists during
 * the call. Panics if there is none. Context: ATOMIC.
 */
void object_acquire(struct object *object);

/* Panics because an object was used whose last reference had been released. Context: ANY. */
noreturn_function void object_acquired_late(const struct object *object);

/* object_acquire() in line, with its check. Context: ATOMIC. */
static always_inline void object_acquire_checked(struct object *object)
{
    if (unlikely(__atomic_fetch_add(&object->references, 1, __ATOMIC_RELAXED) == 0)) {
        object_acquired_late(object);
    }
}

/*
 * Takes a reference, unless the last one is gone already: then it returns false. The caller makes
 * sure that the object's memory exists during the call. Context: ATOMIC.
 */
must_check bool object_try_acquire(struct object *object);

/* Frees an object whose last reference is gone. Context: THREAD. */
void object_free(struct object *object);

/* Gives up a reference; the last one frees the object. Context: THREAD. */
void object_release(struct object *object);

/*
 * Notes a handle with these rights, and its reference. The caller has a reference of its own, or
 * the lock of a table that holds a handle. Context: ATOMIC.
 */
void object_handle_acquire(struct object *object, unsigned rights);

/* Notes that a handle with these rights is gone, and releases its reference. Context: THREAD. */
void object_handle_release(struct object *object, unsigned rights);

/*
 * Returns the number of handles of an object, which may be out of date when it is used. Context:
 * ANY.
 */
uint32_t object_handle_count(const struct object *object);
