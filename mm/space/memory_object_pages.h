/* The functions of memory objects that faults need. For the files of mm/space alone. */
#pragma once

#include "lib/error.h"
#include "mm/space/memory_object.h"
#include "mm/space/shared_frame.h"

struct memory_page {
    physical_t frame;
    uint64_t caching;    /* bits for leaf entries */
    bool may_be_written; /* as far as the object is concerned */
    bool needs_copy;     /* it is to be written, and shared: memory_object_copy_page() first */
};

/*
 * Gives an untouched page of an anonymous object a zeroed frame, which no other object has. Context:
 * ATOMIC, the object's lock held. Errors: ERROR_QUOTA, ERROR_NO_MEMORY.
 */
static always_inline must_check int memory_object_page_make(struct memory_object *object,
                                                            page_entry *entry, physical_t *frame)
{
    int error = frame_quota_allocate(object->quota, FRAME_OWNER_USER, frame);
    if (likely(error == OK)) {
        object->frames++;
        *entry = page_entry_of(*frame);
    }
    return error;
}

/*
 * Describes a page that has a frame, which is `shared` with other objects or not. Context and
 * error: as memory_object_page().
 */
static always_inline must_check int memory_object_page_describe(const struct memory_object *object,
                                                                physical_t frame, bool shared,
                                                                bool writes,
                                                                struct memory_page *page)
{
    if (unlikely(writes && object->cloning)) {
        return ERROR_AGAIN;
    }
    page->frame = frame;
    page->caching = 0;
    page->needs_copy = writes && shared;
    page->may_be_written = !object->cloning && !shared;
    return OK;
}

/*
 * Finds the frame of a page, and gives the page a zeroed one if it was never touched. `writes`: the
 * page is about to be written. In line, because each fault comes here. Context: ATOMIC, the
 * object's lock held. Errors: ERROR_AGAIN (the page is being copied, or the object cloned),
 * ERROR_QUOTA, ERROR_NO_MEMORY.
 */
static always_inline must_check int memory_object_page(struct memory_object *object, size_t index,
                                                       bool writes, struct memory_page *page)
{
    if (unlikely(object->kind == MEMORY_PHYSICAL)) {
        *page = (struct memory_page){.frame = object->base + index * PAGE_BYTES,
                                     .caching = object->caching,
                                     .may_be_written = true};
        return OK;
    }
    page_entry *entry = page_list_find(&object->list, index);
    if (unlikely(entry == NULL)) {
        page_entry *made; /* so that `entry` can stay in a register */
        int error = page_list_entry(&object->list, index, &made);
        if (error != OK) {
            return error;
        }
        entry = made;
    }
    physical_t frame;
    if (*entry == 0) {
        int error = memory_object_page_make(object, entry, &frame);
        return likely(error == OK) ? memory_object_page_describe(object, frame, false, writes, page)
                                   : error;
    }
    if (unlikely(*entry & PAGE_ENTRY_MOVING)) {
        return ERROR_AGAIN;
    }
    frame = page_entry_frame(*entry);
    return memory_object_page_describe(object, frame, frame_is_shared(frame), writes, page);
}

/*
 * Gives a page that is shared with a clone a frame of its own: copies it, unmaps it from all
 * address spaces, and waits for the shootdowns. If that is no longer necessary, or not possible
 * now, it does nothing and returns OK; the caller tries the access again in any case. Context:
 * THREAD. Errors: ERROR_NO_MEMORY.
 */
must_check int memory_object_copy_page(struct memory_object *object, size_t index);

/*
 * Gives page `to_index` of an object the content that a page of another object has now,
 * copy-on-write. If the object has that page already, it keeps it. The page is charged to the
 * object's quota. Both indices are within their objects. Context: THREAD. Errors:
 * ERROR_UNSUPPORTED (a physical object), ERROR_AGAIN (the page is being copied: wait a moment),
 * ERROR_QUOTA, ERROR_NO_MEMORY.
 */
must_check int memory_object_share_page(struct memory_object *from, size_t from_index,
                                        struct memory_object *to, size_t to_index);
