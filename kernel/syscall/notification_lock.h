/*
 * How calls of notifications find the notification that a handle names. They change it in the same
 * section with interrupts off.
 */
#pragma once

#include "kernel/ipc/notification.h"
#include "kernel/object/handle_note.h"

/*
 * Finds the notification by a note, and locks it. Returns NULL, with nothing locked, if the note
 * does not say what the handle names. Context: ATOMIC, interrupts off.
 */
static inline_if_optimized must_check struct notification *
notification_lock_noted(const struct handle_note *note, const struct handle_table *table,
                        uint64_t handle)
{
    if (unlikely(!handle_note_names(note, table, handle))) {
        return NULL;
    }
    struct notification *notification = notification_of(note->object);
    spinlock_take(&notification->lock); /* not counted: interrupts stay off */
    return notification;
}

/*
 * Looks the handle up, which must have this right, locks its notification, and notes the handle.
 * Returns NULL, with nothing locked, if there is no such notification or right. *before is an
 * object whose reference the caller releases, or NULL. Context: ATOMIC, interrupts off.
 *
 * While the lock is held the notification is not freed, although the table's lock has been
 * released: the handle was open under the table's lock, and the code that closes the last handle
 * with this right takes the notification's lock before it releases its reference (notification.c).
 */
static inline_if_optimized must_check struct notification *
notification_lock_by_handle(struct handle_note *note, struct handle_table *table, uint64_t handle,
                            unsigned right, struct object **before)
{
    struct notification *notification = NULL;
    struct handle_entry *entry;
    *before = NULL;
    spinlock_take(&table->lock);
    if (likely(handle_match(table, handle, OBJECT_NOTIFICATION, right, &entry))) {
        notification = notification_of(entry->object);
        *before = handle_note_write(note, table, (uint32_t)handle, entry->object);
        spinlock_take(&notification->lock); /* not counted: interrupts stay off */
    }
    spinlock_pass(&table->lock);
    return notification;
}
