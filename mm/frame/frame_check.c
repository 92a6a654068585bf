/* Panics that explain a misused frame, and the pattern in freed frames of the invariant build. */
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/panic.h"
#include "lib/error.h"
#include "mm/frame/frame_internal.h"

const char *frame_owner_name(enum frame_owner owner)
{
    static const char *const names[FRAME_OWNER_COUNT] = {
        [FRAME_OWNER_RESERVED] = "reserved",
        [FRAME_OWNER_FREE] = "free",
        [FRAME_OWNER_PAGE_TABLE] = "page table",
        [FRAME_OWNER_USER_TABLE] = "user table",
        [FRAME_OWNER_USER] = "user memory",
        [FRAME_OWNER_STACK] = "stack",
        [FRAME_OWNER_STACK_CACHE] = "stack cache",
        [FRAME_OWNER_STACK_STANDBY] = "taken from stacks",
        [FRAME_OWNER_MAGAZINE] = "magazine",
        [FRAME_OWNER_RESERVE] = "reserve",
        [FRAME_OWNER_SLAB] = "objects",
        [FRAME_OWNER_KMALLOC] = "large memory",
        [FRAME_OWNER_VMALLOC] = "region",
        [FRAME_OWNER_CPU] = "cpu",
        [FRAME_OWNER_DEVICE] = "device",
        [FRAME_OWNER_TEST] = "test",
    };

    return (unsigned)owner < FRAME_OWNER_COUNT ? names[owner] : "unknown";
}

void frame_complain(physical_t first, unsigned order, enum frame_owner owner, const char *what)
{
    const struct frame *frame = &frame_buddy.frames[first >> PAGE_SHIFT];

    if ((first & (PAGE_BYTES - 1)) != 0) {
        panic("frame 0x%lx %s by '%s': a frame's address ends in three zero digits", first, what,
              frame_owner_name(owner));
    }
    if (first >> PAGE_SHIFT >= frame_buddy.count || frame->state == FRAME_UNUSABLE) {
        panic("frame 0x%lx %s by '%s': no such frame was ever handed out (is this a virtual "
              "address, or a device's?)",
              first, what, frame_owner_name(owner));
    }
    if (frame->state == FRAME_FREE || frame->state == FRAME_CACHED) {
        panic("frame 0x%lx %s by '%s' but free already: look for an earlier frame_free of it",
              first, what, frame_owner_name(owner));
    }
    if (frame->state == FRAME_INSIDE) {
        panic("frame 0x%lx %s by '%s' but not the first of an allocated block: freed already, or "
              "part of a larger block",
              first, what, frame_owner_name(owner));
    }
    if (frame->owner != owner) {
        panic("frame 0x%lx %s by '%s' but it belongs to '%s'", first, what, frame_owner_name(owner),
              frame_owner_name(frame->owner));
    }
    panic("frame 0x%lx %s as a block of order %u but allocated as one of order %u", first, what,
          order, frame->order);
}

void frame_tag_set(physical_t frame, uint32_t tag)
{
    if (frame >> PAGE_SHIFT < frame_buddy.count) {
        frame_buddy.frames[frame >> PAGE_SHIFT].tag = tag;
    }
}

uint32_t frame_tag(physical_t frame)
{
    return frame >> PAGE_SHIFT < frame_buddy.count ? frame_buddy.frames[frame >> PAGE_SHIFT].tag
                                                   : 0;
}

enum frame_owner frame_owner_of(physical_t frame)
{
    const struct frame *record = &frame_buddy.frames[frame >> PAGE_SHIFT];

    if (frame >> PAGE_SHIFT >= frame_buddy.count || record->state == FRAME_UNUSABLE) {
        return FRAME_OWNER_RESERVED;
    }
    return record->state == FRAME_ALLOCATED ? (enum frame_owner)record->owner : FRAME_OWNER_FREE;
}

#ifdef INVARIANT
/*
 * The record's tag says whether a frame holds the pattern. The pattern contains the frame's number,
 * so the check also finds one freed frame's bytes copied into another.
 */
#define POISON 0xdeadf4ee00000000u

static uint32_t poison_tag(physical_t at)
{
    return ~(uint32_t)(at >> PAGE_SHIFT);
}

void frame_poison(physical_t first, unsigned order)
{
    for (physical_t at = first; at < first + (PAGE_BYTES << order); at += PAGE_BYTES) {
        uint64_t *words = physical_to_virtual(at);

        for (size_t i = 0; i < PAGE_BYTES / sizeof(*words); i++) {
            words[i] = POISON | at >> PAGE_SHIFT;
        }
        frame_buddy.frames[at >> PAGE_SHIFT].tag = poison_tag(at);
    }
}

void frame_poison_check(physical_t first, unsigned order)
{
    for (physical_t at = first; at < first + (PAGE_BYTES << order); at += PAGE_BYTES) {
        const uint64_t *words = physical_to_virtual(at);

        if (frame_buddy.frames[at >> PAGE_SHIFT].tag != poison_tag(at)) {
            continue; /* not freed since boot */
        }
        frame_buddy.frames[at >> PAGE_SHIFT].tag = 0;
        for (size_t i = 0; i < PAGE_BYTES / sizeof(*words); i++) {
            if (words[i] != (POISON | at >> PAGE_SHIFT)) {
                panic("frame 0x%lx was written after it was freed: 0x%lx at offset 0x%lx", at,
                      words[i], i * sizeof(*words));
            }
        }
    }
}
#endif
