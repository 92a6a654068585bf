/*
 * Frames of page tables that became empty and are to be freed. Until the shootdown a CPU may still
 * walk through them, so nothing may be stored in them. A chain links them by their tags.
 */
#pragma once

#include "arch/x86_64/paging/user_tables.h"
#include "mm/frame/frame.h"
#include "mm/space/frame_quota.h"

struct refuse_chain {
    uint32_t first; /* 1 + the number of the first frame; 0: none */
    uint32_t count;
};

/* Adds the frames of one reduction. Context: ANY. */
static inline void refuse_chain_add(struct refuse_chain *chain,
                                    const struct user_table_refuse *refuse)
{
    for (unsigned i = 0; i < refuse->count; i++) {
        frame_tag_set(refuse->frames[i], chain->first);
        chain->first = (uint32_t)(refuse->frames[i] >> PAGE_SHIFT) + 1;
        chain->count++;
    }
}

/* Frees the frames of one reduction, after the shootdown. Context: IRQ. */
static inline void refuse_free(struct frame_quota *quota, const struct user_table_refuse *refuse)
{
    for (unsigned i = 0; i < refuse->count; i++) {
        frame_free(refuse->frames[i], FRAME_OWNER_USER_TABLE);
    }
    frame_quota_give_back(quota, refuse->count);
}

/* Frees the frames of a chain, after the shootdown. Context: THREAD. */
static inline void refuse_chain_free(struct frame_quota *quota, struct refuse_chain *chain)
{
    while (chain->first != 0) {
        physical_t frame = (physical_t)(chain->first - 1) << PAGE_SHIFT;
        chain->first = frame_tag(frame);
        frame_tag_set(frame, 0);
        frame_free(frame, FRAME_OWNER_USER_TABLE);
    }
    frame_quota_give_back(quota, chain->count);
    chain->count = 0;
}
