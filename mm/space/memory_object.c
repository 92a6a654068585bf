/*
 * Memory objects: creation, clones, copies on write, and the end. Each object is charged for every
 * page that it has, shared or not. So a write to a shared page needs a frame but no charge, and
 * when the parent ends, the charges of its clones stay as they are.
 */
#include "mm/space/memory_object.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/page_copy.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"
#include "mm/frame/frame_collect.h"
#include "mm/heap/kmalloc.h"
#include "mm/space/memory_object_pages.h"
#include "mm/space/region.h"
#include "mm/space/shared_frame.h"

static must_check int object_make(size_t bytes, struct memory_object **out)
{
    void *memory;
    if (bytes == 0 || (bytes & (PAGE_BYTES - 1)) != 0) {
        return ERROR_INVALID;
    }
    if (bytes / PAGE_BYTES > PAGE_LIST_PAGES_MAX) {
        return ERROR_RANGE;
    }
    int error = kzalloc(sizeof(struct memory_object), &memory);
    if (error == OK) {
        struct memory_object *object = memory;
        object->pages = bytes / PAGE_BYTES;
        object->references = 1;
        object->lock = (struct spinlock)SPINLOCK("memory object");
        list_init(&object->mappings);
        *out = object;
    }
    return error;
}

int memory_object_create(size_t bytes, struct frame_quota *quota, struct memory_object **out)
{
    int error = object_make(bytes, out);
    if (error == OK) {
        struct memory_object *object = *out;
        object->kind = MEMORY_ANONYMOUS;
        object->quota = quota;
        frame_quota_acquire(quota);
        page_list_init(&object->list, object->pages, quota);
    }
    return error;
}

int memory_object_create_physical(physical_t base, size_t bytes, enum memory_caching caching,
                                  struct memory_object **out)
{
    physical_t end = 1UL << cpu_physical_bits();
    if ((base & (PAGE_BYTES - 1)) != 0) {
        return ERROR_INVALID;
    }
    if (base >= end || bytes > end - base) {
        return ERROR_RANGE;
    }
    int error = object_make(bytes, out);
    if (error == OK) {
        (*out)->kind = MEMORY_PHYSICAL;
        (*out)->base = base;
        (*out)->caching = caching == MEMORY_UNCACHED    ? PAGE_UNCACHED
                          : caching == MEMORY_COMBINING ? PAGE_COMBINING
                                                        : 0;
    }
    return error;
}

void memory_object_acquire(struct memory_object *object)
{
    __atomic_add_fetch(&object->references, 1, __ATOMIC_RELAXED);
}

static void page_release(size_t index maybe_unused, page_entry *entry, void *context maybe_unused)
{
    physical_t frame = page_entry_frame(*entry);
    *entry = 0;
    if (shared_frame_drop(frame)) {
        frame_free(frame, FRAME_OWNER_USER);
    }
}

static void anonymous_destroy(struct memory_object *object)
{
    size_t index = 0;
    while (page_list_visit(&object->list, &index, object->pages, page_release, NULL)) {
    }
    page_list_destroy(&object->list);
    frame_quota_give_back(object->quota, object->frames);
    frame_quota_release(object->quota);
}

void memory_object_release(struct memory_object *object)
{
    if (__atomic_sub_fetch(&object->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    if (object->kind == MEMORY_ANONYMOUS) {
        anonymous_destroy(object);
    }
    kfree(object);
}

/* Gives one page a frame. */
static must_check int page_commit(struct memory_object *object, size_t index)
{
    struct memory_page page;
    spin_lock(&object->lock);
    int error = memory_object_page(object, index, false, &page);
    spin_unlock(&object->lock);
    return error == ERROR_AGAIN ? OK : error; /* a page that is being copied has a frame */
}

int memory_object_commit(struct memory_object *object, size_t offset, size_t bytes)
{
    int error = OK;
    if (((offset | bytes) & (PAGE_BYTES - 1)) != 0 || bytes == 0) {
        return ERROR_INVALID;
    }
    if (offset > memory_object_bytes(object) || bytes > memory_object_bytes(object) - offset) {
        return ERROR_RANGE;
    }
    for (size_t at = offset; at < offset + bytes && error == OK; at += PAGE_BYTES) {
        error = page_commit(object, at / PAGE_BYTES);
        if (unlikely(error == ERROR_NO_MEMORY) && frame_collect_if_short()) {
            error = page_commit(object, at / PAGE_BYTES); /* the first try held the lock */
        }
    }
    return error;
}

/*
 * Copies the page, then replaces its frame. While the entry has the bit MOVING, no fault maps the
 * page anywhere. The loop unmaps it from each address space, with a shootdown for each. After that
 * no CPU has a translation to the old frame, so the new frame may appear at the same addresses
 * (I6). The old frame does not change after it was copied, because nobody may write a shared frame.
 */
int memory_object_copy_page(struct memory_object *object, size_t index)
{
    physical_t fresh;
    spin_lock(&object->lock);
    page_entry *entry = page_list_find(&object->list, index);
    if (entry == NULL || (*entry & PAGE_ENTRY_MOVING) || object->cloning ||
        !frame_is_shared(page_entry_frame(*entry))) {
        spin_unlock(&object->lock);
        return OK; /* the fault looks again */
    }
    physical_t old = page_entry_frame(*entry);
    int error = frame_allocate(FRAME_OWNER_USER, &fresh);
    if (error != OK) {
        spin_unlock(&object->lock);
        return error;
    }
    page_copy(physical_to_virtual(fresh), physical_to_virtual(old));
    *entry |= PAGE_ENTRY_MOVING;
    while (region_page_reduce_one(object, index, PAGE_PRESENT)) {
        spin_lock(&object->lock);
    }
    *entry = page_entry_of(fresh);
    spin_unlock(&object->lock);
    if (shared_frame_drop(old)) {
        frame_free(old, FRAME_OWNER_USER);
    }
    return OK;
}

struct clone_slices {
    struct memory_object *clone;
    int error;
};

static void page_share(size_t index, page_entry *entry, void *context)
{
    struct clone_slices *slices = context;
    page_entry *to;

    if (slices->error != OK) {
        return;
    }
    if (*entry & PAGE_ENTRY_MOVING) {
        slices->error = ERROR_AGAIN; /* not a wait: the thread that copies may need this CPU */
        return;
    }
    slices->error = page_list_entry(&slices->clone->list, index, &to);
    if (slices->error == OK) {
        slices->error = frame_quota_charge(slices->clone->quota, 1);
    }
    if (slices->error == OK) {
        shared_frame_add(page_entry_frame(*entry));
        slices->clone->frames++;
        *to = *entry;
    }
}

/* Shares all pages that the parent has, slice by slice. */
static must_check int pages_share(struct memory_object *parent, struct memory_object *clone)
{
    struct clone_slices slices = {.clone = clone};
    size_t index = 0;
    bool more = true;

    while (more && slices.error == OK) {
        spin_lock(&parent->lock);
        more = page_list_visit(&parent->list, &index, parent->pages, page_share, &slices);
        spin_unlock(&parent->lock);
    }
    return slices.error;
}

static must_check bool clone_begin(struct memory_object *parent)
{
    spin_lock(&parent->lock);
    bool begins = !parent->cloning;
    if (begins) {
        parent->cloning = true;
        parent->clone_pass++;
    }
    spin_unlock(&parent->lock);
    return begins;
}

/*
 * From clone_begin() on, no fault makes a page of the parent writable. Pages that are writable
 * already stay so until all pages are shared, and are write-protected then. From that moment on the
 * content of the clone does not change.
 */
int memory_object_clone(struct memory_object *parent, struct frame_quota *quota,
                        struct memory_object **out)
{
    struct memory_object *clone;
    if (parent->kind != MEMORY_ANONYMOUS) {
        return ERROR_UNSUPPORTED;
    }
    int error = memory_object_create(memory_object_bytes(parent), quota, &clone);
    if (error != OK) {
        return error;
    }
    if (!clone_begin(parent)) {
        memory_object_release(clone);
        return ERROR_BUSY;
    }
    error = pages_share(parent, clone);
    spin_lock(&parent->lock);
    while (region_write_protect_some(parent)) {
        spin_lock(&parent->lock);
    }
    parent->cloning = false;
    spin_unlock(&parent->lock);
    if (error != OK) {
        memory_object_release(clone);
        return error;
    }
    *out = clone;
    return OK;
}
