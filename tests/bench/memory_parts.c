/* See memory_parts.h. */
#include "tests/bench/memory_parts.h"

#include "kernel/console/console.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/heap/slab.h"

void memory_parts_read(struct memory_parts *parts)
{
    struct slab_statistics statistics;

    memset(parts, 0, sizeof(*parts));
    parts->used = frame_total_count() - frame_free_count();
    for (unsigned owner = 0; owner < FRAME_OWNER_COUNT; owner++) {
        parts->owned[owner] = frame_owned_count(owner);
    }
    for (unsigned i = 0; slab_statistics_read(i, &statistics); i++) {
        if (i == MEMORY_PARTS_CACHES) {
            console_print("# more than %u object caches: the others are not told apart\n", i);
            return;
        }
        parts->cache[i].frames = statistics.frames;
        parts->cache[i].objects = statistics.in_use;
        parts->caches = i + 1;
    }
}

/* What was added, in bytes for each of `count`; may be negative. */
static long bytes_each(size_t before, size_t now, size_t unit, size_t count)
{
    return ((long)now - (long)before) * (long)unit / (long)count;
}

static void caches_print(const struct memory_parts *before, const struct memory_parts *now,
                         size_t count)
{
    struct slab_statistics statistics;

    for (unsigned i = 0; i < now->caches && slab_statistics_read(i, &statistics); i++) {
        if (now->cache[i].frames == before->cache[i].frames) {
            continue;
        }
        console_print("#     %5ld %s, %u bytes: %ld objects more, which are %ld of it\n",
                      bytes_each(before->cache[i].frames, now->cache[i].frames, PAGE_BYTES, count),
                      statistics.name, statistics.object_bytes,
                      (long)now->cache[i].objects - (long)before->cache[i].objects,
                      bytes_each(before->cache[i].objects, now->cache[i].objects,
                                 statistics.object_bytes, count));
    }
}

void memory_parts_print(const struct memory_parts *before, const struct memory_parts *now,
                        size_t count)
{
    for (unsigned owner = 0; owner < FRAME_OWNER_COUNT; owner++) {
        if (owner == FRAME_OWNER_FREE || now->owned[owner] == before->owned[owner]) {
            continue;
        }
        console_print("# %5ld %s\n",
                      bytes_each(before->owned[owner], now->owned[owner], PAGE_BYTES, count),
                      frame_owner_name(owner));
        if (owner == FRAME_OWNER_SLAB) {
            caches_print(before, now, count);
        }
    }
    console_print("# %5ld in all, for each of %zu\n",
                  bytes_each(before->used, now->used, PAGE_BYTES, count), count);
}
