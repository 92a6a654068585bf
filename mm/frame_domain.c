/*
 * The frame allocator where memory has domains. Each has buddy lists of its own, over the same
 * records and under the same lock. A CPU's front list is filled from its own domain as long as that
 * has frames, and keeps no others that are freed there: they go home at once.
 */
#include "arch/x86_64/percpu.h"
#include "mm/frame_internal.h"

static struct buddy others[DOMAIN_MAX - 1];

struct buddy *frame_domains[DOMAIN_MAX] = {&frame_buddy};

void frame_domains_init(void)
{
    for (unsigned domain = 1; domain < domain_count; domain++) {
        frame_domains[domain] = &others[domain - 1];
        buddy_share(frame_domains[domain], &frame_buddy);
    }
}

struct buddy *frame_domain_of(uint32_t number)
{
    return frame_domains[domain_of((physical_t)number << PAGE_SHIFT)];
}

uint32_t frame_batch_take_remote(unsigned own, uint32_t *front)
{
    uint32_t count = 0;
    for (unsigned i = 1; i < domain_count && count == 0; i++) {
        count = frame_batch_take(frame_domains[(own + i) % domain_count], front);
    }
    return count;
}

bool frame_block_take(unsigned own, unsigned order, uint32_t *first)
{
    for (unsigned i = 0; i < domain_count; i++) {
        if (buddy_take(frame_domains[(own + i) % domain_count], order, first)) {
            return true;
        }
    }
    return false;
}

bool frame_go_home(uint32_t number, unsigned own)
{
    struct buddy *home = frame_domain_of(number);
    if (home == frame_domains[own]) {
        return false;
    }
    spin_lock(&frame_lock);
    buddy_put(home, number, 0);
    spin_unlock_quietly(&frame_lock);
    return true;
}

void frame_range_add(uint32_t first, uint32_t end)
{
    while (first < end) {
        uint32_t block_end = (first | ((1U << BUDDY_ORDER_MAX) - 1)) + 1;
        block_end = block_end < end ? block_end : end;
        buddy_add(frame_domain_of(first), first, block_end - first);
        first = block_end;
    }
}

size_t frame_domain_free_count(unsigned domain)
{
    return __atomic_load_n(&frame_domains[domain]->free_count, __ATOMIC_RELAXED);
}
