/*
 * Handle tables: each task has one. A handle is the index of an entry and the generation of that
 * entry, which grows each time the entry is used again. So a handle that was closed does not name
 * the object that has its entry now. After HANDLE_GENERATIONS uses of one entry its handles recur.
 * Entries are used again in the order in which they became free, so that this takes as long as
 * possible.
 *
 * The table grows as handles are opened, up to the limit that its task may have.
 */
#pragma once

#include "arch/x86_64/cpu/spinlock.h"
#include "kernel/object/object.h"

#define HANDLE_INDEX_BITS  14
#define HANDLES_MAX        (1U << HANDLE_INDEX_BITS)
#define HANDLE_GENERATIONS ((1U << (32 - HANDLE_INDEX_BITS)) - 1)

/* The number of entries that are allocated at a time. */
#define HANDLE_CHUNK_ENTRIES 64

/* For functions that find a handle: its object may have any type. */
#define OBJECT_ANY 0

#define CHECK_TYPE_SHIFT       8
#define CHECK_TYPE_MASK        0xff00UL
#define CHECK_OPEN             0x10000UL
#define CHECK_GENERATION_SHIFT 32
#define CHECK_GENERATION_MASK  ((uint64_t)HANDLE_GENERATIONS << CHECK_GENERATION_SHIFT)

/*
 * An entry of a table. `check` has everything that a look-up compares: bits 0 to 7 the rights, 8 to
 * 15 the type, 16 whether the handle is open, 32 to 49 the generation. In a free entry only the
 * generation is valid.
 */
struct handle_entry {
    uint64_t check;
    struct object *object;
    uint64_t badge;
    uint32_t next_free; /* while the entry is free: 1 + index of the next; 0: the last */
};

struct handle_table {
    struct spinlock lock; /* guards the rest */
    /*
     * Counts closed handles from 1 on; atomic, written under the lock. A thread that has seen a
     * value may sleep as long as it likes and compare: in 64 bits no value comes twice.
     */
    uint64_t closes;
    uint32_t limit; /* handles that may be open at once */
    uint32_t open;
    uint32_t entries;    /* open or free */
    uint32_t free_first; /* 1 + index of the entry that is used next; 0: none is free */
    uint32_t free_last;
    struct handle_entry *chunks[HANDLES_MAX / HANDLE_CHUNK_ENTRIES];
};

/*
 * A handle that is in no table: it is passed from one table to another, or about to be opened. It
 * counts in object->handles.
 */
struct handle_value {
    struct object *object;
    uint64_t badge;
    unsigned rights;
};

/*
 * Prepares an empty table for at most `limit` handles, which is at most HANDLES_MAX. Allocates
 * nothing. Context: ANY.
 */
void handle_table_init(struct handle_table *table, uint32_t limit);

/* handle_table_init() for a table that is all zeroes already. Context: ANY. */
void handle_table_init_zeroed(struct handle_table *table, uint32_t limit);

/*
 * Closes all handles and frees the table's memory. The caller makes sure that no other thread uses
 * the table any more. The handles are closed one by one, with interrupts on. Context: THREAD.
 */
void handle_table_destroy(struct handle_table *table);

/*
 * Opens a handle to an object to which the caller has a reference, which the caller keeps.
 * Context: THREAD. Errors: ERROR_QUOTA (the table has `limit` handles), ERROR_NO_MEMORY.
 */
must_check int handle_open(struct handle_table *table, struct object *object, unsigned rights,
                           uint64_t badge, uint32_t *handle);

/*
 * Opens a handle for a value. On success the value belongs to the table; after an error it still
 * belongs to the caller. Context: THREAD. Errors: ERROR_QUOTA (the table has `limit` handles),
 * ERROR_NO_MEMORY.
 */
must_check int handle_put(struct handle_table *table, const struct handle_value *value,
                          uint32_t *handle);

/*
 * Closes a handle. Context: THREAD.
 * Errors: ERROR_BAD_HANDLE, ERROR_STALE_HANDLE, ERROR_CLOSED_HANDLE.
 */
must_check int handle_close(struct handle_table *table, uint64_t handle);

/*
 * Opens another handle to the object, with the same badge and with `rights`, none of which the
 * handle may lack. The handle needs RIGHT_DUPLICATE. Context: THREAD.
 * Errors: ERROR_INVALID (`rights` has a bit that no right has), ERROR_BAD_HANDLE,
 * ERROR_STALE_HANDLE, ERROR_CLOSED_HANDLE, ERROR_NO_RIGHT, ERROR_QUOTA, ERROR_NO_MEMORY.
 */
must_check int handle_duplicate(struct handle_table *table, uint64_t handle, unsigned rights,
                                uint32_t *duplicate);

/*
 * Finds the object that a handle names, if it is of this type (OBJECT_ANY: of any) and the handle
 * has all of `rights`. Sets *object, with a reference that the caller must release, and *badge,
 * unless that is NULL. Context: THREAD.
 * Errors: ERROR_BAD_HANDLE, ERROR_STALE_HANDLE, ERROR_CLOSED_HANDLE, ERROR_WRONG_TYPE,
 * ERROR_NO_RIGHT.
 */
must_check int handle_find(struct handle_table *table, uint64_t handle, unsigned type,
                           unsigned rights, struct object **object, uint64_t *badge);

/*
 * Makes a value with the object, badge and rights of a handle that has all of `rights`. The handle
 * stays open. The caller passes the value to handle_put() or handle_value_release(). Context:
 * THREAD. Errors: ERROR_BAD_HANDLE, ERROR_STALE_HANDLE, ERROR_CLOSED_HANDLE, ERROR_NO_RIGHT.
 */
must_check int handle_value_take(struct handle_table *table, uint64_t handle, unsigned rights,
                                 struct handle_value *value);

/*
 * Finds the open handle with the lowest index from *index on. Sets *handle and *value, with a
 * reference to the object that the caller must release, and *index to the index behind the
 * handle's. Returns false if there is no such handle. The table must not be destroyed meanwhile.
 * Context: THREAD.
 */
must_check bool handle_table_next(struct handle_table *table, uint32_t *index, uint32_t *handle,
                                  struct handle_value *value);

/*
 * Makes a value with the object and badge of a handle to an object of this type, and with these
 * rights, none of which the handle may lack. The handle stays open. Context: THREAD.
 * Errors: those of handle_find().
 */
must_check int handle_value_take_as(struct handle_table *table, uint64_t handle, unsigned type,
                                    unsigned rights, struct handle_value *value);

/* Gives up a value that is in no table. Context: THREAD. */
void handle_value_release(const struct handle_value *value);

/*
 * Finds the entry of an open handle that has these rights and names an object of this type
 * (OBJECT_ANY: of any). Returns false if there is none. Compares once. For handle_table.c and the
 * fast path of messages. The table's lock is held. Context: ATOMIC.
 */
static always_inline must_check bool handle_match(const struct handle_table *table, uint64_t handle,
                                                  unsigned type, unsigned rights,
                                                  struct handle_entry **entry)
{
    uint32_t index = handle & (HANDLES_MAX - 1);
    if (unlikely(index >= table->entries || handle > UINT32_MAX)) {
        return false;
    }
    *entry = &table->chunks[index / HANDLE_CHUNK_ENTRIES][index % HANDLE_CHUNK_ENTRIES];
    uint64_t wanted = handle >> HANDLE_INDEX_BITS << CHECK_GENERATION_SHIFT | CHECK_OPEN |
                      (uint64_t)type << CHECK_TYPE_SHIFT | rights;
    uint64_t mask =
        CHECK_GENERATION_MASK | CHECK_OPEN | (type != OBJECT_ANY ? CHECK_TYPE_MASK : 0) | rights;
    return likely((((*entry)->check ^ wanted) & mask) == 0);
}
