/* Where memory went between two times: by owner of frames, and by object cache. */
#pragma once

#include "lib/compiler.h"
#include "mm/frame/frame.h"

#define MEMORY_PARTS_CACHES 96

struct memory_parts {
    size_t used; /* frames that are not free */
    size_t owned[FRAME_OWNER_COUNT];
    unsigned caches;
    struct {
        size_t frames;
        size_t objects; /* in use */
    } cache[MEMORY_PARTS_CACHES];
};

/*
 * Reads what is in use now. Object caches beyond MEMORY_PARTS_CACHES are not told apart; a line
 * says so. Context: THREAD.
 */
void memory_parts_read(struct memory_parts *parts);

/*
 * Prints what was added from `before` to `now`, as bytes for each of `count` things: a comment line for each
 * owner of frames whose number has changed, for each object cache in which it has, and for the sum,
 * which is that of the owners. A cache's line also says how much of it is objects in use: the rest
 * is slab headers, what does not divide, and objects that are free. Context: THREAD.
 */
void memory_parts_print(const struct memory_parts *before, const struct memory_parts *now,
                        size_t count);
