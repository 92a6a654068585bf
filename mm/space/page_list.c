/* The pages of a memory object. See page_list.h. */
#include "mm/space/page_list.h"

#include "lib/error.h"
#include "mm/frame/frame.h"

static_assert(PAGE_LIST_ENTRIES * sizeof(page_entry) == PAGE_BYTES, "a list fills a frame");

void page_list_init(struct page_list *list, size_t pages, struct frame_quota *quota)
{
    *list = (struct page_list){.quota = quota};
    while (pages > 1UL << (PAGE_LIST_INDEX_BITS * list->height)) {
        list->height++;
    }
}

static unsigned index_at(size_t index, unsigned level)
{
    return (unsigned)(index >> (PAGE_LIST_INDEX_BITS * level)) % PAGE_LIST_ENTRIES;
}

static must_check int list_make(struct page_list *list, page_entry *entry)
{
    physical_t frame;
    int error = frame_quota_allocate(list->quota, FRAME_OWNER_USER_TABLE, &frame);
    if (error == OK) {
        list->frames++;
        *entry = page_entry_of(frame);
    }
    return error;
}

int page_list_entry(struct page_list *list, size_t index, page_entry **out)
{
    page_entry *entry = &list->root;
    for (unsigned level = list->height; level-- > 0;) {
        if (*entry == 0) {
            int error = list_make(list, entry);
            if (error != OK) {
                return error;
            }
        }
        entry = &page_list_below(*entry)[index_at(index, level)];
    }
    *out = entry;
    return OK;
}

/*
 * Returns the entry at level *level on the way to the page `index`. If the way ends above that
 * level, at an empty entry, returns this entry and stores its level.
 */
static page_entry *entry_above(struct page_list *list, size_t index, unsigned *level)
{
    page_entry *entry = &list->root;
    unsigned at = list->height;
    while (at > *level && *entry != 0) {
        entry = &page_list_below(*entry)[index_at(index, --at)];
    }
    *level = at;
    return entry;
}

/* Returns the lowest index that the next entry of this level, behind that of `index`, leads to. */
static size_t index_behind(size_t index, unsigned level)
{
    return ((index >> (PAGE_LIST_INDEX_BITS * level)) + 1) << (PAGE_LIST_INDEX_BITS * level);
}

bool page_list_visit(struct page_list *list, size_t *index, size_t end,
                     void (*visit)(size_t index, page_entry *entry, void *context), void *context)
{
    for (unsigned count = 0; count < PAGE_LIST_SLICE && *index < end; count++) {
        page_entry *entry = page_list_find(list, *index);
        if (entry == NULL) {
            unsigned level = 0;
            (void)entry_above(list, *index, &level);
            *index = index_behind(*index, level);
            continue;
        }
        if (*entry != 0) {
            visit(*index, entry, context);
        }
        ++*index;
    }
    return *index < end;
}

static void list_free(struct page_list *list, page_entry *entry)
{
    frame_quota_free(list->quota, FRAME_OWNER_USER_TABLE, page_entry_frame(*entry));
    list->frames--;
    *entry = 0;
}

/* Frees the lowest lists first, level by level: the way to a list leads through higher ones. */
void page_list_destroy(struct page_list *list)
{
    for (unsigned level = 1; level <= list->height; level++) {
        for (size_t index = 0; index < 1UL << (PAGE_LIST_INDEX_BITS * list->height);) {
            unsigned found = level;
            page_entry *entry = entry_above(list, index, &found);
            if (*entry != 0) {
                list_free(list, entry);
            }
            index = index_behind(index, found);
        }
    }
}
