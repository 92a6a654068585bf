/*
 * Allocating and freeing frames, with their owners, over the per-CPU free lists and the buddy
 * lists. frame_lock guards the buddy lists. It is taken with interrupts off, and no other lock is
 * taken inside.
 */
#include "mm/frame/frame.h"
#include "mm/frame/fault_inject.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "lib/error.h"
#include "mm/frame/frame_collect.h"
#include "mm/frame/frame_free_list.h"

struct buddy frame_buddy;
struct spinlock frame_lock = SPINLOCK("frames");

bool (*frame_free_hook)(physical_t frame);
bool (*frame_reclaim_hook)(physical_t *frame);

static bool free_offered; /* freed frames are offered to frame_free_hook */

/* A freed frame may have to go elsewhere than to the CPU's free list: see free_elsewhere(). */
static bool free_watched;

bool frame_low;
static size_t low_mark;

/* Returns the record of a block. Panics unless it is `owner`'s and of this order. */
static always_inline struct frame *frame_checked(physical_t first, unsigned order,
                                                 enum frame_owner owner, const char *what)
{
    struct frame *frame = &frame_buddy.frames[first >> PAGE_SHIFT];

    if (unlikely((first & (PAGE_BYTES - 1)) != 0 || first >> PAGE_SHIFT >= frame_buddy.count ||
                 frame->identity != identity_of(owner, order))) {
        frame_complain(first, order, owner, what);
    }
    return frame;
}

int frame_allocate_local(enum frame_owner owner, physical_t *out)
{
    if (unlikely(this_cpu(frame_cpu).count == 0)) {
        return ERROR_NO_MEMORY;
    }
    *out = frame_free_list_pop(owner);
    return OK;
}

/* Allocates a frame when this CPU's free list is empty. Interrupts are off. */
static must_check int allocate_slowly(enum frame_owner owner, physical_t *out)
{
    if (likely(this_cpu(frame_cpu).count == 0)) { /* the second try may run on another CPU */
        spin_lock_by(OFF_ALREADY, &frame_lock);
        frame_free_list_fill();
        spin_unlock_quietly(&frame_lock);
    }
    if (unlikely(frame_shared_free_count() < low_mark)) {
        frame_low = true;
    }
    if (unlikely(this_cpu(frame_cpu).count == 0) && frame_reclaim_hook != NULL &&
        frame_reclaim_hook(out)) {
        frame_owner_change(*out, FRAME_OWNER_STACK_STANDBY, owner);
        return OK;
    }
    return frame_allocate_local(owner, out);
}

/*
 * Allocates a frame when this CPU's free list is empty. If none is free and the caller may wait,
 * tries once more with what lies in the free lists of other CPUs. Interrupts are off, and restored
 * to `flags`.
 */
static never_inline must_check int allocate_or_collect(enum frame_owner owner, physical_t *out,
                                                       uint64_t flags)
{
    int error = allocate_slowly(owner, out);
    interrupts_restore(flags);
    if (unlikely(error == ERROR_NO_MEMORY) && frame_collect()) {
        flags = interrupts_save();
        error = allocate_slowly(owner, out);
        interrupts_restore(flags);
    }
    return error;
}

/* Allocates a frame while no allocation is made to fail. */
static always_inline must_check int allocate(enum frame_owner owner, physical_t *out)
{
    uint64_t flags = interrupts_save();

    if (unlikely(this_cpu(frame_cpu).count == 0)) {
        return allocate_or_collect(owner, out, flags);
    }
    *out = frame_free_list_pop(owner);
    interrupts_restore(flags);
    return OK;
}

/* Allocates a frame while allocations are made to fail. */
static never_inline must_check int allocate_injected(enum frame_owner owner, physical_t *out)
{
    if (owner != FRAME_OWNER_MAGAZINE && fault_inject(FAULT_INJECT_ALLOCATE)) {
        return ERROR_NO_MEMORY;
    }
    return allocate(owner, out);
}

int frame_allocate(enum frame_owner owner, physical_t *out)
{
    return unlikely(fault_inject_armed) ? allocate_injected(owner, out) : allocate(owner, out);
}

int frame_allocate_nowait(enum frame_owner owner, physical_t *out)
{
    uint64_t flags = interrupts_save();
    int error = frame_allocate_local(owner, out);

    if (error != OK) {
        error = ERROR_AGAIN;
        if (spin_try_lock(&frame_lock)) {
            frame_free_list_fill();
            spin_unlock_quietly(&frame_lock);
            error = frame_allocate_local(owner, out);
        }
    }
    interrupts_restore(flags);
    return error;
}

int frame_allocate_in(unsigned node, unsigned order, enum frame_owner owner, physical_t *out)
{
    uint32_t first;
    uint64_t flags;
    bool found;

    if (order > BUDDY_ORDER_MAX) {
        return ERROR_INVALID;
    }
    flags = spin_lock_irq_save(&frame_lock);
    found = frame_block_take(node, order, &first);
    if (!found) { /* this CPU's free list may hold the missing pieces */
        frame_free_list_drain(this_cpu(frame_cpu).count);
        found = frame_block_take(node, order, &first);
    }
    if (found) {
        this_cpu(frame_cpu).owned[owner] += 1L << order;
        frame_buddy.frames[first].identity = identity_of(owner, order);
    }
    spin_unlock_irq_restore(&frame_lock, flags);
    if (!found) {
        return ERROR_NO_MEMORY;
    }
    frame_poison_check(frame_address(first), order);
    *out = frame_address(first);
    return OK;
}

int frame_allocate_free_order(unsigned order, enum frame_owner owner, physical_t *out)
{
    return order == 0 ? frame_allocate(owner, out)
                      : frame_allocate_in(this_cpu(frame_cpu).node, order, owner, out);
}

/* Frees every frame that the reclaim hook gives. Returns false if there was none. */
static never_inline bool reclaim_all(void)
{
    physical_t frame;
    bool any = false;
    while (frame_reclaim_hook != NULL && frame_reclaim_hook(&frame)) {
        frame_free(frame, FRAME_OWNER_STACK_STANDBY);
        any = true;
    }
    return any;
}

int frame_allocate_order(unsigned order, enum frame_owner owner, physical_t *out)
{
    int error = frame_allocate_free_order(order, owner, out);
    if (unlikely(error == ERROR_NO_MEMORY) && order != 0 && (reclaim_all() | frame_collect())) {
        error = frame_allocate_free_order(order, owner, out);
    }
    return error;
}

/* Makes room in this CPU's free list, which is full. Interrupts are off. */
static never_inline void drain_slowly(void)
{
    spin_lock_by(OFF_ALREADY, &frame_lock);
    frame_free_list_drain(FRAME_BATCH);
    spin_unlock_quietly(&frame_lock);
}

/* Offers a frame to the free hook. Returns true if it keeps the frame. Interrupts are off. */
static bool free_by_hook(physical_t address, enum frame_owner owner)
{
    frame_owner_change(address, owner, FRAME_OWNER_RESERVE);
    if (frame_free_hook(address)) {
        return true;
    }
    frame_owner_change(address, FRAME_OWNER_RESERVE, owner);
    return false;
}

/*
 * Offers a freed frame to the free hook, if frames are offered. If the hook does not keep the
 * frame, and the frame belongs to another node than this CPU, puts it into that node's buddy lists.
 * Returns false if it did neither: then the caller puts the frame into this CPU's free list.
 * Interrupts are off.
 */
static never_inline bool free_elsewhere(physical_t address, enum frame_owner owner)
{
    struct frame_cpu *cpu = this_cpu_pointer(frame_cpu);

    if (__atomic_load_n(&free_offered, __ATOMIC_ACQUIRE) && free_by_hook(address, owner)) {
        return true;
    }
    if (numa_node_of(address) == cpu->node) {
        return false;
    }
    frame_poison(address, 0);
    cpu->owned[owner]--;
    return frame_go_home((uint32_t)(address >> PAGE_SHIFT), cpu->node);
}

/*
 * While frames are missing from the reserve (mm/stack/stack_reserve.c), a freed frame passes
 * through free_elsewhere() into the reserve instead of the free list.
 */
void frame_free(physical_t address, enum frame_owner owner)
{
    uint64_t flags = interrupts_save();
    struct frame *frame = frame_checked(address, 0, owner, "freed");

    if (unlikely(__atomic_load_n(&free_watched, __ATOMIC_ACQUIRE)) &&
        free_elsewhere(address, owner)) {
        interrupts_restore(flags);
        return;
    }
    frame_poison(address, 0);
    frame->state = FRAME_CACHED;
    this_cpu(frame_cpu).owned[owner]--;
    if (unlikely(this_cpu(frame_cpu).count == FRAME_FREE_LIST_MAX)) {
        drain_slowly();
    }
    this_cpu(frame_cpu).free_list[this_cpu(frame_cpu).count++] = (uint32_t)(address >> PAGE_SHIFT);
    interrupts_restore(flags);
}

void frame_block_split(physical_t first, unsigned order, enum frame_owner owner)
{
    frame_checked(first, order, owner, "split");
    for (uint32_t i = 0; i < 1u << order; i++) {
        frame_buddy.frames[(first >> PAGE_SHIFT) + i].identity = identity_of(owner, 0);
    }
}

/* Frees the frames of a block one by one, because the free hook takes single frames only. */
static void free_singly(physical_t first, unsigned order, enum frame_owner owner)
{
    frame_block_split(first, order, owner);
    for (uint32_t i = 0; i < 1u << order; i++) {
        frame_free(first + i * PAGE_BYTES, owner);
    }
}

void frame_free_order(physical_t first, unsigned order, enum frame_owner owner)
{
    uint64_t flags;

    if (order == 0) {
        frame_free(first, owner);
        return;
    }
    frame_checked(first, order, owner, "freed");
    if (unlikely(__atomic_load_n(&free_offered, __ATOMIC_ACQUIRE))) {
        free_singly(first, order, owner);
        return;
    }
    frame_poison(first, order);
    flags = spin_lock_irq_save(&frame_lock);
    this_cpu(frame_cpu).owned[owner] -= 1L << order;
    buddy_put(frame_node_of((uint32_t)(first >> PAGE_SHIFT)), (uint32_t)(first >> PAGE_SHIFT),
              order);
    spin_unlock_irq_restore(&frame_lock, flags);
}

void frame_owner_change(physical_t first, enum frame_owner from, enum frame_owner to)
{
    uint64_t flags = interrupts_save();
    unsigned order =
        first >> PAGE_SHIFT < frame_buddy.count ? frame_buddy.frames[first >> PAGE_SHIFT].order : 0;

    frame_checked(first, order, from, "handed over")->owner = (uint8_t)to;
    this_cpu(frame_cpu).owned[from] -= 1L << order;
    this_cpu(frame_cpu).owned[to] += 1L << order;
    interrupts_restore(flags);
}

int frame_allocate_page_table(physical_t *out)
{
    return frame_allocate(FRAME_OWNER_PAGE_TABLE, out);
}

void frame_low_mark_set(size_t frames)
{
    low_mark = frames;
}

void frame_free_offer(bool offered)
{
    __atomic_store_n(&free_offered, offered, __ATOMIC_RELEASE);
    __atomic_store_n(&free_watched, offered || numa_node_count > 1, __ATOMIC_RELEASE);
}
