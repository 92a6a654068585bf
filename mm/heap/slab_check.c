/* Fills and checks the patterns in and behind objects: see mm/heap/slab_check.h. */
#include "mm/heap/slab_check.h"

#include "arch/x86_64/cpu/panic.h"
#include "lib/string.h"

#ifdef INVARIANT
#define PATTERN_FREE   0x5b /* in free objects */
#define PATTERN_FRESH  0xa5 /* in new objects, so that code which relies on zeroes fails */
#define PATTERN_BEHIND 0xe7 /* behind objects in use */

static void fill(void *object, uint32_t bytes, int inside, int behind)
{
    memset(object, inside, bytes);
    memset((char *)object + bytes, behind, SLAB_CHECK_BYTES);
}

/* Returns the first byte that differs from `expected`, or NULL. */
static const unsigned char *find_change(const void *area, unsigned char expected, size_t bytes)
{
    const unsigned char *byte = area;

    for (; bytes > 0 && *byte == expected; bytes--) {
        byte++;
    }
    return bytes > 0 ? byte : NULL;
}

void slab_check_created(void *object, uint32_t bytes)
{
    fill(object, bytes, PATTERN_FREE, PATTERN_FREE);
}

void slab_check_taken(const char *name, void *object, uint32_t bytes)
{
    const unsigned char *changed = find_change(object, PATTERN_FREE, bytes + SLAB_CHECK_BYTES);

    if (changed != NULL) {
        panic("object %p of '%s' was written after it was freed: 0x%x at offset %ld", object, name,
              *changed, (long)(changed - (unsigned char *)object));
    }
    fill(object, bytes, PATTERN_FRESH, PATTERN_BEHIND);
}

void slab_check_freed(const char *name, void *object, uint32_t bytes)
{
    const unsigned char *behind = (const unsigned char *)object + bytes;
    const unsigned char *changed = find_change(behind, PATTERN_BEHIND, SLAB_CHECK_BYTES);

    if (changed != NULL) {
        panic("object %p of '%s' was written beyond its %u bytes: 0x%x at offset %ld", object, name,
              bytes, *changed, (long)(changed - (unsigned char *)object));
    }
    fill(object, bytes, PATTERN_FREE, PATTERN_FREE);
}
#endif
