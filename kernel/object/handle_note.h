/*
 * Notes of handles. A thread that uses one handle again and again notes which object it names, and
 * keeps a reference. While no handle of the table has been closed since, the note says what a
 * look-up would say, and the table's lock is not taken.
 *
 * A handle is noted when it is looked up for the second time in succession. So a thread that uses
 * several handles in turn looks each of them up, and notes none.
 *
 * The same right must be looked up by all calls that use one note.
 */
#pragma once

#include "kernel/object/handle_table.h"

/* Not filled up to a multiple of 8 bytes: a thread has two, and each of its bytes counts. */
struct handle_note {
    struct object *object; /* a reference; NULL: none */
    uint64_t closes;       /* handle_table.closes at that time; 0: `object` is not the handle's */
    uint32_t handle;       /* that was looked up last */
} packed aligned_to(4);

/* Prepares a note of no handle. Context: ANY. */
static always_inline void handle_note_init(struct handle_note *note)
{
    note->object = NULL; /* word by word: fewer instructions than to clear it as a whole */
    note->closes = 0;
    note->handle = 0;
}

/*
 * Says whether note->object is what an open handle names. If another thread closes the handle at
 * that moment, the caller uses it before the close. Context: ANY, by the thread whose note it is.
 */
static always_inline must_check bool
handle_note_names(const struct handle_note *note, const struct handle_table *table, uint64_t handle)
{
    return likely(note->handle == handle) &&
           likely(note->closes == __atomic_load_n(&table->closes, __ATOMIC_SEQ_CST));
}

/*
 * Notes that a handle was looked up and names this object. Returns an object whose reference the
 * caller releases, or NULL. Context: ATOMIC, the table's lock held.
 */
static always_inline must_check struct object *handle_note_write(struct handle_note *note,
                                                                 const struct handle_table *table,
                                                                 uint32_t handle,
                                                                 struct object *object)
{
    struct object *before = NULL;
    if (note->handle != handle) {
        note->handle = handle;
        note->closes = 0;
        return NULL;
    }
    if (note->object != object) {
        before = note->object;
        object_acquire_inline(object);
        note->object = object;
    }
    note->closes = table->closes;
    return before;
}
