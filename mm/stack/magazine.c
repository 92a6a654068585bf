/* Fills and drains magazines. stack_fault.c takes rounds out. */
#include "mm/stack/magazine.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/page_copy.h"
#include "arch/x86_64/cpu/trace.h"
#include "lib/error.h"
#include "mm/frame/fault_inject.h"
#include "mm/frame/frame.h"
#include "mm/frame/numa_counts.h"
#include "mm/frame/numa_node.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack/stack_use.h"

PER_CPU(struct magazine, magazine);

#define RESERVE_SHIFT 32 /* in the event REFILL_END of a trace */

static uint32_t capacity_wanted = MAGAZINE_ROUNDS_DEFAULT;

void magazine_capacity_set(uint32_t rounds)
{
    capacity_wanted = rounds;
}

static uint64_t round_make(physical_t frame)
{
    page_zero(physical_to_virtual(frame));
    return frame | PAGE_KERNEL_DATA;
}

static physical_t round_frame(uint64_t round)
{
    return round & PAGE_ADDRESS_MASK;
}

int magazine_create(unsigned cpu)
{
    struct magazine *created = &cpu_variable(magazine, cpu);
    physical_t frames[MAGAZINE_ROUNDS_MAX];

    for (uint32_t i = 0; i < capacity_wanted; i++) {
        int error = frame_allocate(FRAME_OWNER_MAGAZINE, &frames[i]);
        if (error != OK) {
            while (i-- > 0) {
                frame_free(frames[i], FRAME_OWNER_MAGAZINE);
            }
            return error;
        }
    }
    for (uint32_t i = 0; i < capacity_wanted; i++) {
        created->rounds[i] = round_make(frames[i]);
    }
    created->taken = 0;
    created->charged = 0;
    created->low_water = capacity_wanted;
    created->capacity = capacity_wanted;
    return OK;
}

bool stack_memory_short(void)
{
    size_t wanted = memory_waiters();
    if (likely(wanted == 0)) {
        return false;
    }
    wanted = wanted * (STACK_PAGES - 1) + cpu_online_count() * this_cpu(magazine).capacity;
    return frame_shared_free_count() + stack_reserve_count() < wanted;
}

void magazine_free(unsigned cpu)
{
    struct magazine *unused = &cpu_variable(magazine, cpu);
    for (uint32_t i = 0; i < unused->capacity; i++) {
        frame_free(round_frame(unused->rounds[i]), FRAME_OWNER_MAGAZINE);
    }
    unused->capacity = 0;
}

void magazine_charge(void)
{
    /* LAB 5 BEGIN magazine-charge: book the frames that were taken since the last call */
    struct magazine *own = this_cpu_pointer(magazine);
    for (; own->charged < own->taken; own->charged++) {
        frame_owner_change(round_frame(own->rounds[own->charged]), FRAME_OWNER_MAGAZINE,
                           FRAME_OWNER_STACK);
    }
    /* LAB 5 END magazine-charge */
}

/* Gets `count` frames or none: first from the allocator, and what that lacks from the reserve. */
static must_check bool frames_gather(physical_t *frames, uint32_t count)
{
    /* LAB 5 BEGIN frames-gather: get all the frames, or give back what you got */
    uint32_t have = 0;
    bool reserve_only = fault_inject(FAULT_INJECT_RESERVE_ONLY);
    if (fault_inject(FAULT_INJECT_REFILL)) {
        return false;
    }
    while (!reserve_only && have < count &&
           frame_allocate(FRAME_OWNER_MAGAZINE, &frames[have]) == OK) {
        have++;
    }
    if (stack_reserve_take(&frames[have], count - have)) {
        return true;
    }
    while (have-- > 0) {
        frame_free(frames[have], FRAME_OWNER_MAGAZINE);
    }
    return false;
    /* LAB 5 END frames-gather */
}

/*
 * The frames that a refill has got and not yet put into the magazine. They are kept here because
 * they would take 512 bytes of the thread's stack.
 */
struct gathered {
    physical_t frames[MAGAZINE_ROUNDS_MAX];
};

static PER_CPU(struct gathered, gathered);

/*
 * Replaces `count` rounds, all or none. The function runs on a thread's stack, so any call may
 * fault and take rounds. So it makes all calls first. Then it books the rounds that were taken
 * meanwhile. After that it calls nothing and nothing can fault until the array is consistent.
 */
static must_check bool rounds_add(struct magazine *own, uint32_t count)
{
    /* LAB 5 BEGIN rounds-add: put rounds in the places of those that were taken */
    physical_t *frames = this_cpu_pointer(gathered)->frames;
    if (!frames_gather(frames, count)) {
        own->refill_failures++;
        return false;
    }
    if (unlikely(numa_node_count > 1)) {
        for (uint32_t i = 0; i < count; i++) {
            numa_node_count_frame(NUMA_USE_ROUND, frame_node_of_cpu(cpu_number()), frames[i]);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        frames[i] = round_make(frames[i]);
    }
    magazine_charge_rest();
    for (uint32_t i = 0; i < count; i++) {
        own->rounds[--own->taken] = frames[i];
    }
    own->charged = own->taken;
    own->refills++;
    return true;
    /* LAB 5 END rounds-add */
}

static always_inline bool refill_try(struct magazine *own, uint32_t more)
{
    /* LAB 5 BEGIN refill-try: fill the magazine, or add what the caller must have */
    uint32_t available = own->capacity - own->taken;
    if (available < own->low_water) {
        own->low_water = available;
    }
    magazine_charge();
    if (own->taken == 0) {
        return true;
    }
    /* While memory is short a magazine takes no more than it must have. */
    if (!stack_memory_short() && rounds_add(own, own->taken)) {
        return true;
    }
    return more == 0 || rounds_add(own, more);
    /* LAB 5 END refill-try */
}

static always_inline bool refill_more(uint32_t more)
{
    struct magazine *own = this_cpu_pointer(magazine);
    struct magazine_event *event = &own->history[own->events++ % MAGAZINE_HISTORY];
    *event = (struct magazine_event){
        .tsc = tsc_read(),
        .slot = stack_entry_slot(this_cpu(stack_use).current_hole),
        .more = more,
        .before = (uint16_t)(own->capacity - own->taken),
    };
    bool enough = refill_try(own, more);
    event->after = (uint16_t)(own->capacity - own->taken);
    return enough;
}

bool magazine_refill_more(uint32_t more)
{
    return refill_more(more);
}

static TRACED_FORM bool refill_more_traced(uint32_t more)
{
    trace_record(TRACE_REFILL, 0, 0, more, magazine_available());
    bool enough = refill_more(more);
    trace_record(TRACE_REFILL_END, 0, 0, enough,
                 magazine_available() | (uint64_t)stack_reserve_count() << RESERVE_SHIFT);
    return enough;
}
TRACED(magazine_refill_more, refill_more_traced);

void magazine_drain(uint32_t keep)
{
    struct magazine *own = this_cpu_pointer(magazine);
    magazine_charge();
    while (own->capacity - own->taken > keep &&
           stack_reserve_give(round_frame(own->rounds[own->taken]), FRAME_OWNER_MAGAZINE)) {
        own->taken++;
        own->charged = own->taken;
    }
}
