/* One pass over the records of all frames; see frame_survey.h. */
#include "mm/frame/frame_survey.h"

#include "mm/frame/frame_internal.h"

/* Bits for what a block contains besides free frames. */
#define HAS_STACK 1U
#define HAS_OTHER 2U

struct pass {
    struct frame_survey *survey;
    unsigned has[BUDDY_ORDER_COUNT]; /* for each order: contents of the current block so far */
    bool run;                        /* whether the frame before was of a stack */
};

static unsigned owner_class(enum frame_owner owner)
{
    return owner == FRAME_OWNER_STACK || owner == FRAME_OWNER_STACK_CACHE ||
                   owner == FRAME_OWNER_STACK_STANDBY || owner == FRAME_OWNER_MAGAZINE ||
                   owner == FRAME_OWNER_RESERVE
               ? HAS_STACK
               : HAS_OTHER;
}

static unsigned record_class(const struct frame *frame)
{
    switch (frame->state) {
    case FRAME_FREE:
    case FRAME_CACHED:
        return 0;
    case FRAME_ALLOCATED:
        return owner_class((enum frame_owner)frame->owner);
    default:
        return HAS_OTHER;
    }
}

static void block_note(struct frame_survey_order *order, unsigned has)
{
    order->whole += has == 0;
    order->kept_by_stacks += has == HAS_STACK;
    order->with_stacks += (has & HAS_STACK) != 0;
}

/* Counts the next frame, and each block that ends with it, from the smallest to the largest. */
static void frame_note(struct pass *pass, uint32_t number, unsigned has)
{
    bool stack = has == HAS_STACK;
    pass->survey->stack_frames += stack;
    pass->survey->stack_runs += stack && !pass->run;
    pass->run = stack;

    block_note(&pass->survey->orders[0], has);
    for (unsigned order = 1; order < BUDDY_ORDER_COUNT; order++) {
        pass->has[order] |= has;
        if ((number + 1) % (1U << order) != 0) {
            return;
        }
        has = pass->has[order];
        pass->has[order] = 0;
        block_note(&pass->survey->orders[order], has);
    }
}

void frame_survey(struct frame_survey *survey)
{
    struct pass pass = {.survey = survey};
    uint32_t number = 0;

    *survey = (struct frame_survey){0};
    while (number < frame_buddy.count) {
        const struct frame *frame = &frame_buddy.frames[number];
        unsigned has = record_class(frame);
        bool block = frame->state == FRAME_FREE || frame->state == FRAME_ALLOCATED;
        /* The order may change while it is read, so it is checked. */
        uint32_t end =
            number + (block && frame->order < BUDDY_ORDER_COUNT ? 1U << frame->order : 1);
        for (; number < end && number < frame_buddy.count; number++) {
            frame_note(&pass, number, has);
        }
    }
}
