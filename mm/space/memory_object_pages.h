/* The functions of memory objects that faults need. For the files of mm/space alone. */
#pragma once

#include "mm/space/memory_object.h"

struct memory_page {
    physical_t frame;
    bool may_be_written; /* as far as the object is concerned */
    bool needs_copy;     /* it is to be written, and shared: memory_object_copy_page() first */
};

/*
 * Finds the frame of a page, and gives the page a zeroed one if it was never touched. `writes`: the
 * page is about to be written. Context: ATOMIC, the object's lock held. Errors: ERROR_AGAIN (the
 * page is being copied, or the object cloned), ERROR_QUOTA, ERROR_NO_MEMORY.
 */
must_check int memory_object_page(struct memory_object *object, size_t index, bool writes,
                                  struct memory_page *page);

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
