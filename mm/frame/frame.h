/*
 * Frames of physical memory: who owns which, and getting and giving back.
 *
 * One frame comes from the per-CPU free list of the calling CPU, a small array that needs no lock;
 * the per-CPU free lists are filled from and emptied into the buddy allocator, which has one fair
 * lock. Every function here may be called with interrupts on or off and from entry stacks other
 * than NMI, #MC and #DF unless it says otherwise; none sleeps and none faults. Interrupts are off
 * for at most FRAME_BATCH steps of the buddy algorithm.
 *
 * Each allocated block has an owner, which whoever frees it must name: frames are counted by owner
 * exactly, and a double free or a wrong owner is a panic in every build. Physical frame 0 is a
 * frame like any other: errors are told by the return value, never by an address of 0.
 *
 * Free frames are never touched: all records lie apart (mm/frame/buddy.h). In the invariant build a
 * frame is filled with a pattern as it is freed, and the pattern is checked when it is handed out
 * again.
 */
#pragma once

#include "boot/memory_map.h"
#include "mm/frame/buddy.h"

enum frame_owner {
    FRAME_OWNER_RESERVED,      /* not the allocator's: kernel image, firmware, the records */
    FRAME_OWNER_FREE,          /* nobody's */
    FRAME_OWNER_PAGE_TABLE,    /* page tables; never given back */
    FRAME_OWNER_STACK,         /* mapped in a kernel stack */
    FRAME_OWNER_STACK_CACHE,   /* mapped in a whole stack that waits for its next thread */
    FRAME_OWNER_STACK_STANDBY, /* taken from a sleeping stack, to go back or to whoever needs it */
    FRAME_OWNER_MAGAZINE,      /* in a CPU's magazine */
    FRAME_OWNER_RESERVE,       /* in the reserve behind the magazines */
    FRAME_OWNER_SLAB,          /* objects of the object allocator */
    FRAME_OWNER_KMALLOC,       /* kmalloc() of more than an object */
    FRAME_OWNER_VMALLOC,       /* mapped in a kernel region */
    FRAME_OWNER_CPU,           /* per-CPU areas and entry stacks */
    FRAME_OWNER_DEVICE,        /* buffers of a device */
    FRAME_OWNER_TEST,          /* a test's */
    FRAME_OWNER_COUNT,
};

/* How many frames a per-CPU free list holds, and how many move at once between it and the buddy
 * lists. */
#define FRAME_FREE_LIST_MAX 32
#define FRAME_BATCH         16

/* The owner in words, for listings. */
const char *frame_owner_name(enum frame_owner owner);

/*
 * Takes all usable memory of the map over, after its own records, which it carves from the map
 * (marked MEMORY_KERNEL there). The direct map must exist. Once, on the first CPU.
 * Errors: ERROR_NO_MEMORY if there is no room for the records.
 */
must_check int frame_init(struct memory_map *map);

/* Hands over memory that was kept back at boot and is no longer needed: whole pages within. */
void frame_release_reserved(physical_t base, uint64_t bytes);

/* One frame, not zeroed. Errors: ERROR_NO_MEMORY; *out is then unchanged. */
must_check int frame_allocate(enum frame_owner owner, physical_t *out);

/*
 * One frame, without waiting for the buddy lock longer than to look at it once. Errors:
 * ERROR_NO_MEMORY, ERROR_AGAIN if the per-CPU free list is empty and the lock is held.
 */
must_check int frame_allocate_nowait(enum frame_owner owner, physical_t *out);

/*
 * One frame from this CPU's per-CPU free list only: no lock, a fixed number of instructions.
 * Interrupts must be off. Errors: ERROR_NO_MEMORY if the list is empty.
 */
must_check int frame_allocate_local(enum frame_owner owner, physical_t *out);

/*
 * 2^order frames in one piece, aligned to their size, not zeroed. If nothing else is left, pages
 * that were taken from sleepers are freed, in the hope that some make a block. Errors:
 * ERROR_NO_MEMORY, ERROR_INVALID for an order above BUDDY_ORDER_MAX.
 */
must_check int frame_allocate_order(unsigned order, enum frame_owner owner, physical_t *out);

/*
 * The same of what is free, no sleeper asked: for who can do with smaller pieces, and would give up
 * many pages that are to go back for one block that is merely convenient.
 */
must_check int frame_allocate_free_order(unsigned order, enum frame_owner owner, physical_t *out);

/* Gives back what was allocated; `owner` is who has it now. */
void frame_free(physical_t frame, enum frame_owner owner);
void frame_free_order(physical_t first, unsigned order, enum frame_owner owner);

/*
 * An allocated block becomes single frames of the same owner, to be freed one by one. No lock: only
 * its holder may call this.
 */
void frame_block_split(physical_t first, unsigned order, enum frame_owner owner);

/* One frame for a page table; has the shape that paging_frame_source_set() wants. */
must_check int frame_allocate_page_table(physical_t *out);

/* Writes zeroes over one frame through the direct map. */
void frame_zero(physical_t frame);

/* The frame, or block, changes hands. No lock: only its holder may call this. */
void frame_owner_change(physical_t first, enum frame_owner from, enum frame_owner to);

/*
 * A word of the holder's beside each frame: 0 until it is set, and the holder sets it back before
 * it frees. Reading the tag of an address that has no frame gives 0.
 */
void frame_tag_set(physical_t frame, uint32_t tag);
uint32_t frame_tag(physical_t frame);

/* Who has this frame now; the frames of a block behind its first are not told apart (FREE). */
enum frame_owner frame_owner_of(physical_t frame);

/* Empties the per-CPU free list of the calling CPU into the buddy lists. */
void frame_cache_drain_this_cpu(void);

/*
 * While set, each freed frame is offered to this function first, owner FRAME_OWNER_RESERVE already;
 * true means it was kept. A null pointer ends it. The function is called with interrupts off, may
 * take spinlocks, and must not free frames itself. Freed blocks are offered frame by frame.
 */
void frame_free_hook_set(bool (*hook)(physical_t frame));

/*
 * Asked for a frame when none is left: hands over one of FRAME_OWNER_STACK_STANDBY that its holder
 * can do without, or says that it has none. Called with interrupts off and no lock of the
 * allocator's.
 */
void frame_reclaim_hook_set(bool (*demand)(physical_t *frame));

/*
 * From which node a CPU takes frames as long as there are any (mm/frame/numa_node.h): 0 until it
 * is set. Its area must exist. Interrupts off if it is the calling CPU, else before that one runs.
 */
void frame_node_set(unsigned cpu, unsigned node);
unsigned frame_node_of_cpu(unsigned cpu);

/* Free frames in a node's lists. Any context. */
size_t frame_node_free_count(unsigned node);

/*
 * Fewer frames are free than the mark says: set by the allocator when it looks, taken back by
 * whoever answers it. No mark: never.
 */
extern bool frame_low;
void frame_low_mark_set(size_t frames);

/* Frames that any CPU could have now: those in no CPU's per-CPU free list. */
size_t frame_shared_free_count(void);

/* Frames free now, per-CPU free lists included, and frames under management. Exact when nothing
 * moves. */
size_t frame_free_count(void);
size_t frame_total_count(void);

/* Frames that an owner holds. Exact when nothing moves. */
size_t frame_owned_count(enum frame_owner owner);

struct frame_statistics {
    size_t total;                     /* frames under management */
    size_t free;                      /* in buddy lists and per-CPU free lists */
    size_t cached;                    /* in per-CPU free lists */
    size_t blocks[BUDDY_ORDER_COUNT]; /* free blocks of each order: fragmentation */
    size_t owned[FRAME_OWNER_COUNT];
};

/* A snapshot for listings. */
void frame_statistics_read(struct frame_statistics *statistics);
