/*
 * See region.h. A page is given to be read only, unless the touch was a write: so the first write
 * asks again, and the region knows which pages may have changed. Nothing takes a page away from a
 * client again, so such a page counts as changed for good.
 */
#include "user/pager/region.h"

#include "lib/error.h"
#include "lib/fault_message.h"
#include "lib/string.h"
#include "user/bytes_protocol.h"
#include "user/lib/fatal.h"
#include "user/lib/malloc.h"
#include "user/lib/message_buffer.h"
#include "user/lib/mutex.h"
#include "user/lib/pages.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/sleep.h"
#include "user/lib/thread.h"
#include "user/protocol/files.h"
#include "user/protocol/pager.h"
#include "user/syscalls.h"

/* What a region's thread needs for messages. */
struct workspace {
    struct message_place place;
    uint8_t answer_bytes[PROTOCOL_BYTES_MAX];
};

#define WORK_BYTES ((sizeof(struct workspace) + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1))

#define QUOTA_TRIES   30
#define QUOTA_WAIT_NS 10000000ULL

enum page_state { PAGE_ABSENT, PAGE_GIVEN, PAGE_CHANGED };

struct region {
    bool is_used;      /* guarded by the lock, as are `opened` and `seen` */
    unsigned opened;   /* how often a handle was opened */
    unsigned seen;     /* how many of these were opened when all of them were closed */
    uint32_t endpoint; /* to receive from */
    uint32_t memory;   /* all rights */
    uint32_t shared;   /* what clients get */
    uint32_t file;
    bool writes;
    size_t bytes;
    char *pages; /* mapped here, without a pager */
    char path[FILES_PATH_BYTES + 1];
    uint8_t *states;        /* enum page_state, for each page */
    struct workspace *work; /* stays for the next region in this place */
};

static struct mutex lock;
static struct region regions[PAGER_REGIONS];
static unsigned quota_used; /* pages; guarded by the lock */
static protocol_dispatch region_dispatch;

void region_dispatch_set(protocol_dispatch dispatch)
{
    region_dispatch = dispatch;
}

static size_t whole_bytes(const struct region *region)
{
    return (region->bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

/*
 * Takes a page of the quota. If there is none, the region of a program that has just ended may be
 * about to be freed, by its own thread: that gets some time.
 */
static bool quota_take(void)
{
    bool is_free = false;

    for (unsigned tries = 0; tries < QUOTA_TRIES && !is_free; tries++) {
        if (tries > 0 && sleep_ns(QUOTA_WAIT_NS) != OK) {
            break;
        }
        mutex_lock(&lock);
        is_free = quota_used < PAGER_QUOTA_PAGES;
        quota_used += is_free;
        mutex_unlock(&lock);
    }
    return is_free;
}

/* Fills a page that is not there yet. */
static int page_fill(struct region *region, size_t page)
{
    size_t offset = page * PAGE_BYTES, read;
    int64_t error;

    if (!quota_take()) {
        return ERROR_QUOTA;
    }
    /* A touch that finds no frame would end this program; this returns an error instead. */
    error = sys_memory_commit(region->memory, offset, PAGE_BYTES);
    if (error == OK && region->file != 0) {
        error =
            bytes_read(region->file, offset, PAGE_BYTES, region->pages + offset, PAGE_BYTES, &read);
    }
    if (error < 0) {
        mutex_lock(&lock);
        quota_used--;
        mutex_unlock(&lock);
        return (int)error;
    }
    region->states[page] = PAGE_GIVEN;
    return OK;
}

/* Makes the answer to a touch of a page, which the kernel tells. */
static void page_give(void *context, struct sys_message *message)
{
    struct region *region = context;
    uint64_t offset = message->words[PAGER_OFFSET];
    size_t page = offset / PAGE_BYTES;
    bool writes = message->words[PAGER_ACCESS] == RIGHT_WRITE;
    int error = ERROR_NO_RIGHT;

    if (offset < whole_bytes(region) && (!writes || region->file == 0 || region->writes)) {
        error = region->states[page] == PAGE_ABSENT ? page_fill(region, page) : OK;
    }
    *message = (struct sys_message){.tag = 0};
    if (error != OK) {
        message->words[PAGER_ANSWER] = PAGER_REFUSE;
        message->words[PAGER_STATUS] = (uint64_t)(int64_t)error;
        return;
    }
    if (writes) {
        region->states[page] = PAGE_CHANGED;
    }
    message->words[PAGER_ANSWER] = PAGER_SUPPLY;
    message->words[PAGER_GIVEN_OFFSET] = offset;
    message->words[PAGER_GIVEN_BYTES] = PAGE_BYTES;
    message->words[PAGER_GIVEN_RIGHTS] = writes ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;
}

/* Writes what may have changed back to the file. Stores how many pages that were. */
static int pages_save(struct region *region, uint64_t *pages)
{
    int64_t error = OK;

    *pages = 0;
    for (size_t page = 0; page * PAGE_BYTES < region->bytes && error >= 0; page++) {
        size_t offset = page * PAGE_BYTES, left = region->bytes - offset;
        uint64_t written;

        if (region->file != 0 && region->states[page] == PAGE_CHANGED) {
            error = bytes_write(region->file, offset, region->pages + offset,
                                left < PAGE_BYTES ? left : PAGE_BYTES, &written);
            *pages += error >= 0;
        }
    }
    return error < 0 ? (int)error : OK;
}

static void handle_end(uint32_t *handle)
{
    if (*handle != 0) {
        ignore_result(sys_handle_close(*handle)); /* it is this program's own */
        *handle = 0;
    }
}

/* Frees what a region has. The lock is held. */
static void region_delete(struct region *region)
{
    for (size_t page = 0; region->states != NULL && page * PAGE_BYTES < region->bytes; page++) {
        quota_used -= region->states[page] != PAGE_ABSENT;
    }
    free(region->states);
    if (region->pages != NULL) {
        pages_free(region->pages, whole_bytes(region));
    }
    handle_end(&region->endpoint);
    handle_end(&region->memory);
    handle_end(&region->shared);
    handle_end(&region->file);
    region->is_used = false;
}

/* Says whether handles were opened since this was asked last. */
static bool was_opened(struct region *region)
{
    mutex_lock(&lock);
    bool was = region->seen != region->opened;
    region->seen = region->opened;
    mutex_unlock(&lock);
    return was;
}

/*
 * Saves the region that nobody calls any more, and frees it, unless a client has found it meanwhile.
 * A client that came later would read the file before it is saved. Returns whether it is freed.
 */
static bool region_end(struct region *region)
{
    uint64_t pages;
    int error = pages_save(region, &pages);

    if (error != OK) {
        printf("'%s' is not saved: %s", region->path, error_name(error));
    }
    mutex_lock(&lock);
    bool ends = region->seen == region->opened;
    if (ends) {
        region_delete(region);
    }
    mutex_unlock(&lock);
    return ends;
}

/* The thread of a region. */
static int region_serve(void *argument)
{
    struct region *region = argument;
    const struct protocol_loop loop = {.dispatch = region_dispatch,
                                       .kernel = page_give,
                                       .context = region,
                                       .answer_bytes = region->work->answer_bytes};
    int error;

    message_place_set(&region->work->place);
    do {
        error = protocol_loop_run(region->endpoint, &loop);
        if (error != ERROR_PEER_DIED) {
            fatal("a region: %s", error_name(error));
        }
    } while (was_opened(region) || !region_end(region));
    return OK;
}

/* Opens a handle to call the region. The lock is held. */
static int region_open(struct region *region, uint32_t *handle)
{
    int64_t made = sys_endpoint_badge(region->endpoint, (uint64_t)(region - regions) + 1,
                                      RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER);

    if (made < 0) {
        return (int)made;
    }
    *handle = (uint32_t)made;
    region->opened++;
    return OK;
}

/* Makes a handle of a call's result. */
static int handle_of(int64_t result, uint32_t *handle)
{
    *handle = result > 0 ? (uint32_t)result : 0;
    return result < 0 ? (int)result : OK;
}

/* Makes the workspace, unless an earlier region has left one. */
static int work_make(struct region *region)
{
    void *pages = region->work;
    int error = pages != NULL ? OK : pages_allocate(WORK_BYTES, &pages);

    region->work = error == OK ? pages : NULL;
    return error;
}

/* Makes the memory, the endpoint and a first handle of a region. */
static int parts_make(struct region *region, uint32_t *handle)
{
    unsigned rights = RIGHT_READ | RIGHT_TRANSFER;
    void *pages;
    int error = work_make(region);

    if (error == OK) {
        error = handle_of(
            sys_memory_create(program_start.handles[PROGRAM_HANDLE_TASK], whole_bytes(region)),
            &region->memory);
    }

    if (region->file == 0 || region->writes) {
        rights |= RIGHT_WRITE;
    }
    if (error == OK) {
        error = handle_of(sys_handle_duplicate(region->memory, rights), &region->shared);
    }
    if (error == OK) {
        error = pages_map(region->memory, 0, whole_bytes(region), RIGHT_READ | RIGHT_WRITE, &pages);
        region->pages = error == OK ? pages : NULL;
    }
    if (error == OK) {
        region->states = calloc(whole_bytes(region) / PAGE_BYTES, sizeof(*region->states));
        error = region->states == NULL ? ERROR_NO_MEMORY : OK;
    }
    if (error == OK) {
        error = handle_of(sys_endpoint_create(), &region->endpoint);
    }
    if (error == OK) {
        error = region_open(region, handle);
    }
    if (error == OK) { /* from here on it notices that nobody can call */
        uint32_t all = region->endpoint;

        error = handle_of(sys_handle_duplicate(all, RIGHT_RECEIVE), &region->endpoint);
        ignore_result(sys_handle_close(all)); /* it is this program's own */
    }
    return error;
}

static int region_begin(struct region *region, const struct region_source *source, uint32_t *handle)
{
    struct thread thread;
    int error;

    *region = (struct region){.is_used = true,
                              .work = region->work,
                              .file = source->file,
                              .writes = source->writes,
                              .bytes = source->bytes};
    if (source->path != NULL) {
        ignore_result(string_copy(region->path, sizeof(region->path), source->path)); /* it fits */
    }
    *handle = 0;
    error = parts_make(region, handle);
    if (error == OK) {
        error = thread_create(&thread, region_serve, region, NULL);
    }
    if (error == OK) {
        thread_detach(&thread);
    } else {
        handle_end(handle);
        region_delete(region);
    }
    return error;
}

int region_make(const struct region_source *source, uint32_t *handle)
{
    bool is_size = source->bytes > 0 && source->bytes <= PAGER_REGION_BYTES;
    int error = is_size ? ERROR_QUOTA : ERROR_INVALID;
    uint32_t file = source->file;

    mutex_lock(&lock);
    for (unsigned i = 0; i < PAGER_REGIONS && is_size; i++) {
        if (!regions[i].is_used) {
            error = region_begin(&regions[i], source, handle);
            file = 0; /* the region has it, or has closed it */
            break;
        }
    }
    mutex_unlock(&lock);
    handle_end(&file);
    return error;
}

int region_find(const char *path, bool writes, uint32_t *handle, uint64_t *size)
{
    int error = ERROR_NOT_FOUND;

    mutex_lock(&lock);
    for (unsigned i = 0; i < PAGER_REGIONS; i++) {
        struct region *region = &regions[i];

        if (region->is_used && region->file != 0 && region->writes == writes &&
            string_equal(region->path, path)) {
            *size = region->bytes;
            error = region_open(region, handle);
            break;
        }
    }
    mutex_unlock(&lock);
    return error;
}

/* Only a region's own thread gets requests with its badge. */
static struct region *region_of(uint64_t badge)
{
    return badge == 0 || badge > PAGER_REGIONS ? NULL : &regions[badge - 1];
}

int64_t region_memory(uint64_t badge, uint32_t *memory, uint64_t *bytes)
{
    const struct region *region = region_of(badge);

    if (region == NULL) {
        return ERROR_INVALID;
    }
    *memory = region->shared;
    *bytes = region->bytes;
    return OK;
}

int64_t region_save(uint64_t badge, uint64_t *pages)
{
    struct region *region = region_of(badge);

    return region == NULL ? ERROR_INVALID : pages_save(region, pages);
}
