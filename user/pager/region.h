/*
 * Regions: memory that a thread of its own supplies, page by page. The thread serves the region's
 * endpoint until nobody has a handle to that any more.
 */
#pragma once

#include "user/lib/protocol.h"

/* What a region is made of. */
struct region_source {
    uint32_t file;    /* a handle to an open file; 0: the pages are zero */
    bool writes;      /* the file is to be changed */
    size_t bytes;     /* of the region; for a file, its size */
    const char *path; /* of the file, terminated */
};

/*
 * Makes a region, and opens a handle to call it. Takes over the handle of the file, also after an
 * error. Errors: ERROR_QUOTA (there are PAGER_REGIONS), ERROR_INVALID (no bytes, or too many), and
 * those of memory_create() and thread_create().
 */
must_check int region_make(const struct region_source *source, uint32_t *handle);

/*
 * Looks for a region of this file, and opens a handle to call it. Errors: ERROR_NOT_FOUND, and those
 * of endpoint_badge().
 */
must_check int region_find(const char *path, bool writes, uint32_t *handle, uint64_t *size);

/* For the dispatch of the protocol. `badge` is the request's; 0 is no region: ERROR_INVALID. */
int64_t region_memory(uint64_t badge, uint32_t *memory, uint64_t *bytes);
int64_t region_save(uint64_t badge, uint64_t *pages);

/* Names the function that serves the calls of regions. To be called first. */
void region_dispatch_set(protocol_dispatch dispatch);
