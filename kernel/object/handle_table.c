/*
 * See handle_table.h. The table's lock is held for a bounded time, and under it nothing is
 * allocated or freed. Lock order: nothing is taken under it.
 */
#include "kernel/object/handle_table.h"

#include "lib/error.h"
#include "lib/string.h"
#include "mm/heap/kmalloc.h"

static uint32_t index_of(uint64_t handle)
{
    return handle & (HANDLES_MAX - 1);
}

static uint32_t generation_of(uint64_t handle)
{
    return (uint32_t)(handle >> HANDLE_INDEX_BITS);
}

static uint32_t entry_generation(const struct handle_entry *entry)
{
    return (uint32_t)(entry->check >> CHECK_GENERATION_SHIFT);
}

static struct handle_entry *entry_at(const struct handle_table *table, uint32_t index)
{
    return &table->chunks[index / HANDLE_CHUNK_ENTRIES][index % HANDLE_CHUNK_ENTRIES];
}

void handle_table_init(struct handle_table *table, uint32_t limit)
{
    memset(table, 0, sizeof(*table));
    handle_table_init_zeroed(table, limit);
}

void handle_table_init_zeroed(struct handle_table *table, uint32_t limit)
{
    spinlock_init(&table->lock, "handle table");
    table->limit = limit < HANDLES_MAX ? limit : HANDLES_MAX;
    table->closes = 1;
}

/*
 * Counts a handle that is being closed. This is done before the object is told: a thread that still
 * reads the old count uses the handle before the close. The lock is held.
 */
static void close_count(struct handle_table *table)
{
    __atomic_store_n(&table->closes, table->closes + 1, __ATOMIC_SEQ_CST);
}

/* Says why a handle did not match. The lock is held. */
static never_inline int diagnose(const struct handle_table *table, uint64_t handle, unsigned type)
{
    uint32_t index = index_of(handle), generation = generation_of(handle);
    if (handle > UINT32_MAX || generation == 0 || index >= table->entries ||
        generation > entry_generation(entry_at(table, index))) {
        return ERROR_BAD_HANDLE;
    }
    const struct handle_entry *entry = entry_at(table, index);
    if (generation < entry_generation(entry)) {
        return ERROR_STALE_HANDLE;
    }
    if ((entry->check & CHECK_OPEN) == 0) {
        return ERROR_CLOSED_HANDLE;
    }
    if (type != OBJECT_ANY && (entry->check & CHECK_TYPE_MASK) >> CHECK_TYPE_SHIFT != type) {
        return ERROR_WRONG_TYPE;
    }
    return ERROR_NO_RIGHT;
}

/* Finds the entry of a handle; NULL after an error. The lock is held. */
static always_inline int entry_find(const struct handle_table *table, uint64_t handle,
                                    unsigned type, unsigned rights, struct handle_entry **found)
{
    if (likely(handle_match(table, handle, type, rights, found))) {
        return OK;
    }
    *found = NULL;
    return diagnose(table, handle, type);
}

/* Puts an entry at the end of the queue of free ones. The lock is held. */
static void entry_free(struct handle_table *table, uint32_t index)
{
    struct handle_entry *entry = entry_at(table, index);
    entry->check &= CHECK_GENERATION_MASK;
    entry->object = NULL;
    entry->next_free = 0;
    if (table->free_first == 0) {
        table->free_first = index + 1;
    } else {
        entry_at(table, table->free_last - 1)->next_free = index + 1;
    }
    table->free_last = index + 1;
}

/* Adds a chunk of entries that were never used. The lock is held. */
static void chunk_add(struct handle_table *table, struct handle_entry *chunk)
{
    uint32_t first = table->entries;
    table->chunks[first / HANDLE_CHUNK_ENTRIES] = chunk;
    table->entries += HANDLE_CHUNK_ENTRIES;
    for (uint32_t i = 0; i < HANDLE_CHUNK_ENTRIES; i++) {
        chunk[i].check = 0;
        entry_free(table, first + i);
    }
}

/*
 * Makes sure that an entry is free, and returns with the lock held. After an error the lock is not
 * held.
 */
static int lock_with_free_entry(struct handle_table *table)
{
    spin_lock(&table->lock);
    while (table->open < table->limit && table->free_first == 0) {
        spin_unlock(&table->lock);
        void *chunk;
        int error = kmalloc(HANDLE_CHUNK_ENTRIES * sizeof(struct handle_entry), &chunk);
        if (error != OK) {
            return error;
        }
        spin_lock(&table->lock);
        if (table->free_first == 0) {
            chunk_add(table, chunk);
        } else { /* another thread was faster */
            spin_unlock(&table->lock);
            kfree(chunk);
            spin_lock(&table->lock);
        }
    }
    if (table->open >= table->limit) {
        spin_unlock(&table->lock);
        return ERROR_QUOTA;
    }
    return OK;
}

/*
 * Takes the entry that has been free longest and gives it the next generation. There is a free
 * entry, and the lock is held.
 */
static struct handle_entry *entry_take(struct handle_table *table, uint32_t *handle)
{
    uint32_t index = table->free_first - 1;
    struct handle_entry *entry = entry_at(table, index);
    uint32_t before = entry_generation(entry);
    uint32_t generation = before < HANDLE_GENERATIONS ? before + 1 : 1;
    table->free_first = entry->next_free;
    table->open++;
    entry->check = (uint64_t)generation << CHECK_GENERATION_SHIFT | CHECK_OPEN;
    *handle = generation << HANDLE_INDEX_BITS | index;
    return entry;
}

int handle_put(struct handle_table *table, const struct handle_value *value, uint32_t *handle)
{
    int error = lock_with_free_entry(table);
    if (error != OK) {
        return error;
    }
    struct handle_entry *entry = entry_take(table, handle);
    entry->check |=
        (uint64_t)value->object->type << CHECK_TYPE_SHIFT | (value->rights & RIGHTS_ALL);
    entry->object = value->object;
    entry->badge = value->badge;
    spin_unlock(&table->lock);
    return OK;
}

int handle_open(struct handle_table *table, struct object *object, unsigned rights, uint64_t badge,
                uint32_t *handle)
{
    const struct handle_value value = {.object = object, .badge = badge, .rights = rights};
    object_handle_acquire(object, rights);
    int error = handle_put(table, &value, handle);
    if (error != OK) {
        handle_value_release(&value);
    }
    return error;
}

int handle_close(struct handle_table *table, uint64_t handle)
{
    struct handle_entry *entry;
    spin_lock(&table->lock);
    int error = entry_find(table, handle, OBJECT_ANY, 0, &entry);
    if (error != OK) {
        spin_unlock(&table->lock);
        return error;
    }
    struct object *object = entry->object;
    unsigned rights = entry->check & RIGHTS_ALL;
    entry_free(table, index_of(handle));
    table->open--;
    close_count(table);
    spin_unlock(&table->lock);
    object_handle_release(object, rights);
    return OK;
}

/*
 * Makes a value of a handle that has all rights of `needed`. The value has the rights *rights; if
 * `rights` is NULL, all rights of the handle.
 */
static int value_of(struct handle_table *table, uint64_t handle, unsigned type, unsigned needed,
                    const unsigned *rights, struct handle_value *value)
{
    struct handle_entry *entry;
    spin_lock(&table->lock);
    int error = entry_find(table, handle, type, needed, &entry);
    if (error == OK) {
        *value =
            (struct handle_value){.object = entry->object,
                                  .badge = entry->badge,
                                  .rights = rights != NULL ? *rights : entry->check & RIGHTS_ALL};
        object_handle_acquire(value->object, value->rights);
    }
    spin_unlock(&table->lock);
    return error;
}

int handle_value_take(struct handle_table *table, uint64_t handle, unsigned rights,
                      struct handle_value *value)
{
    return value_of(table, handle, OBJECT_ANY, rights, NULL, value);
}

int handle_value_take_as(struct handle_table *table, uint64_t handle, unsigned type,
                         unsigned rights, struct handle_value *value)
{
    return value_of(table, handle, type, rights, &rights, value);
}

/* Entries that handle_table_next() looks at with interrupts off. */
#define LOOKS_AT_ONCE 64

bool handle_table_next(struct handle_table *table, uint32_t *index, uint32_t *handle,
                       struct handle_value *value)
{
    bool found = false, more = true;
    while (!found && more) {
        uint64_t flags = spin_lock_irq_save(&table->lock);
        for (unsigned i = 0; i < LOOKS_AT_ONCE && *index < table->entries && !found;
             i++, ++*index) {
            const struct handle_entry *entry = entry_at(table, *index);
            if (entry->check & CHECK_OPEN) {
                object_acquire(entry->object);
                *handle = entry_generation(entry) << HANDLE_INDEX_BITS | *index;
                *value = (struct handle_value){.object = entry->object,
                                               .badge = entry->badge,
                                               .rights = (unsigned)(entry->check & RIGHTS_ALL)};
                found = true;
            }
        }
        more = *index < table->entries;
        spin_unlock_irq_restore(&table->lock, flags);
    }
    return found;
}

void handle_value_release(const struct handle_value *value)
{
    object_handle_release(value->object, value->rights);
}

int handle_duplicate(struct handle_table *table, uint64_t handle, unsigned rights,
                     uint32_t *duplicate)
{
    if (rights > RIGHTS_ALL) {
        return ERROR_INVALID;
    }
    struct handle_value value;
    int error = value_of(table, handle, OBJECT_ANY, rights | RIGHT_DUPLICATE, &rights, &value);
    if (error != OK) {
        return error;
    }
    error = handle_put(table, &value, duplicate);
    if (error != OK) {
        handle_value_release(&value);
    }
    return error;
}

int handle_find(struct handle_table *table, uint64_t handle, unsigned type, unsigned rights,
                struct object **object, uint64_t *badge)
{
    struct handle_entry *entry;
    spin_lock(&table->lock);
    int error = entry_find(table, handle, type, rights, &entry);
    if (likely(error == OK)) {
        *object = entry->object;
        object_acquire_checked(entry->object);
        if (badge != NULL) {
            *badge = entry->badge;
        }
    }
    spin_unlock(&table->lock);
    return error;
}

void handle_table_destroy(struct handle_table *table)
{
    for (uint32_t index = 0; index < table->entries; index++) {
        struct handle_entry *entry = entry_at(table, index);
        if ((entry->check & CHECK_OPEN) != 0) {
            object_handle_release(entry->object, entry->check & RIGHTS_ALL);
        }
    }
    for (uint32_t i = 0; i < table->entries / HANDLE_CHUNK_ENTRIES; i++) {
        kfree(table->chunks[i]);
        table->chunks[i] = NULL;
    }
    table->open = table->entries = table->free_first = table->free_last = 0;
    handle_table_init_zeroed(table, 0);
}
