/* A page of one memory object for another one, copy-on-write: for answers of pagers. */
#include "lib/error.h"
#include "mm/space/memory_object_pages.h"
#include "mm/space/region.h"
#include "mm/space/shared_frame.h"

static must_check bool has_page(struct memory_object *object, size_t index)
{
    spin_lock(&object->lock);
    const page_entry *entry = page_list_find(&object->list, index);
    bool has = entry != NULL && *entry != 0;
    spin_unlock(&object->lock);
    return has;
}

/*
 * Counts one more object that has the page's frame, and takes the right to write to it from all
 * regions. After that the content of the frame does not change.
 */
static must_check int frame_take(struct memory_object *from, size_t index, physical_t *frame)
{
    struct memory_page page;
    spin_lock(&from->lock);
    int error = memory_object_page(from, index, false, &page);
    if (error == OK) {
        *frame = page.frame;
        shared_frame_add(page.frame); /* from now on no fault makes it writable */
        while (region_page_reduce_one(from, index, PAGE_WRITABLE | PAGE_DIRTY)) {
            spin_lock(&from->lock);
        }
    }
    spin_unlock(&from->lock);
    return error;
}

static void frame_give_up(physical_t frame)
{
    if (shared_frame_drop(frame)) {
        frame_free(frame, FRAME_OWNER_USER);
    }
}

/* Makes the frame a page of the object, unless the object has got that page meanwhile. */
static must_check int frame_put(struct memory_object *to, size_t index, physical_t frame)
{
    page_entry *entry;
    spin_lock(&to->lock);
    int error = page_list_entry(&to->list, index, &entry);
    bool takes = error == OK && *entry == 0;
    if (takes) {
        error = frame_quota_charge(to->quota, 1);
        takes = error == OK;
    }
    if (takes) {
        *entry = page_entry_of(frame);
        to->frames++;
    }
    spin_unlock(&to->lock);
    if (!takes) {
        frame_give_up(frame);
    }
    return error;
}

int memory_object_share_page(struct memory_object *from, size_t from_index,
                             struct memory_object *to, size_t to_index)
{
    physical_t frame = 0;
    if (from->kind != MEMORY_ANONYMOUS || to->kind != MEMORY_ANONYMOUS) {
        return ERROR_UNSUPPORTED;
    }
    if (has_page(to, to_index)) {
        return OK;
    }
    int error = frame_take(from, from_index, &frame);
    return error == OK ? frame_put(to, to_index, frame) : error;
}
