/* An array of frames with a lock, and the free hook by which freed frames reach it. */
#include "mm/stack/stack_reserve.h"

#include "arch/x86_64/cpu/spinlock.h"
#include "lib/error.h"

static struct spinlock reserve_lock = SPINLOCK("stack reserve");
static physical_t reserve[STACK_RESERVE_FRAMES_MAX];
static uint32_t reserve_count, reserve_capacity;
static uint64_t reserve_taken;
uint32_t memory_queued_count, memory_waiters_count;

uint32_t stack_reserve_count(void)
{
    return __atomic_load_n(&reserve_count, __ATOMIC_RELAXED);
}

uint32_t stack_reserve_capacity(void)
{
    return reserve_capacity;
}

uint64_t stack_reserve_taken(void)
{
    return reserve_taken;
}

void memory_queued_add(int difference)
{
    __atomic_add_fetch(&memory_queued_count, (uint32_t)difference, __ATOMIC_ACQ_REL);
}

void memory_waiters_add(int difference)
{
    __atomic_add_fetch(&memory_waiters_count, (uint32_t)difference, __ATOMIC_ACQ_REL);
}

bool stack_reserve_add(physical_t frame)
{
    uint64_t flags = spin_lock_irq_save(&reserve_lock);
    bool room = reserve_count < reserve_capacity;
    if (room) {
        reserve[reserve_count++] = frame;
    }
    if (reserve_count == reserve_capacity) {
        frame_free_offer(false);
    }
    spin_unlock_irq_restore(&reserve_lock, flags);
    return room;
}

bool stack_reserve_take(physical_t *frames, uint32_t count)
{
    if (count == 0) {
        return true;
    }
    uint64_t flags = spin_lock_irq_save(&reserve_lock);
    bool enough = reserve_count >= count;
    if (enough) {
        for (uint32_t i = 0; i < count; i++) {
            frames[i] = reserve[--reserve_count];
            frame_owner_change(frames[i], FRAME_OWNER_RESERVE, FRAME_OWNER_MAGAZINE);
        }
        reserve_taken += count;
        frame_free_offer(true);
    }
    spin_unlock_irq_restore(&reserve_lock, flags);
    return enough;
}

bool stack_reserve_give(physical_t frame, enum frame_owner owner)
{
    frame_owner_change(frame, owner, FRAME_OWNER_RESERVE);
    bool room = stack_reserve_add(frame);
    if (!room) {
        frame_owner_change(frame, FRAME_OWNER_RESERVE, owner);
    }
    return room;
}

int stack_reserve_create(uint32_t frames)
{
    if (frames > STACK_RESERVE_FRAMES_MAX) {
        return ERROR_RANGE;
    }
    for (uint32_t i = 0; i < frames; i++) {
        int error = frame_allocate(FRAME_OWNER_RESERVE, &reserve[i]);
        if (error != OK) {
            while (i-- > 0) {
                frame_free(reserve[i], FRAME_OWNER_RESERVE);
            }
            return error;
        }
    }
    reserve_count = frames;
    reserve_capacity = frames;
    return OK;
}
