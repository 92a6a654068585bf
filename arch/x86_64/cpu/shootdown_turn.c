/* See shootdown_turn.h. */
#include "arch/x86_64/cpu/shootdown_turn.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"

/* Makes `range` contain `more`, too. */
static void range_join(struct shootdown_range *range, struct shootdown_range more)
{
    if (range->bytes == SIZE_MAX || more.bytes == SIZE_MAX) {
        range->bytes = SIZE_MAX;
        return;
    }
    uintptr_t end = range->address + range->bytes, more_end = more.address + more.bytes;
    range->address = more.address < range->address ? more.address : range->address;
    range->bytes = (more_end > end ? more_end : end) - range->address;
}

/* Adds a range to the next round, and returns the number of that round. */
static uint64_t request_add(struct shootdown_turn *turn, struct shootdown_range range)
{
    spin_lock(&turn->lock);
    uint64_t number = turn->next;
    if (turn->requested_count < SHOOTDOWN_RANGES_MOST) {
        turn->requested[turn->requested_count++] = range;
    } else {
        range_join(&turn->requested[SHOOTDOWN_RANGES_MOST - 1], range);
    }
    __atomic_store_n(&turn->requests, turn->requests + 1, __ATOMIC_RELAXED);
    spin_unlock(&turn->lock);
    return number;
}

/* Moves the ranges that other CPUs have requested to the round that this CPU is about to run. */
static void requests_take(struct shootdown_turn *turn)
{
    spin_lock(&turn->lock);
    turn->served += turn->requests;
    for (unsigned i = 0; i < turn->requested_count; i++) {
        turn->ranges[turn->range_count++] = turn->requested[i];
    }
    turn->requested_count = 0;
    __atomic_store_n(&turn->requests, 0, __ATOMIC_RELAXED);
    turn->next++;
    spin_unlock(&turn->lock);
}

uint32_t shootdown_requests_waiting(const struct shootdown_turn *turn)
{
    return __atomic_load_n(&turn->requests, __ATOMIC_RELAXED);
}

/*
 * Takes the turn if it is free; then preemption stays off. The thread must not migrate until the
 * round has ended, because its CPU takes part in the round without an interrupt. And it must not be
 * preempted, because other CPUs wait for the end of the round.
 */
static must_check bool turn_try(struct shootdown_turn *turn)
{
    preempt_disable();
    if (__atomic_exchange_n(&turn->taken, 1, __ATOMIC_ACQUIRE) == 0) {
        return true;
    }
    preempt_enable();
    return false;
}

void shootdown_turn_release(struct shootdown_turn *turn)
{
    __atomic_store_n(&turn->taken, 0, __ATOMIC_RELEASE);
    preempt_enable();
}

void shootdown_turn_end(struct shootdown_turn *turn)
{
    __atomic_store_n(&turn->done, turn->next - 1, __ATOMIC_RELEASE);
    shootdown_turn_release(turn);
}

void shootdown_turn_hold(struct shootdown_turn *turn)
{
    while (!turn_try(turn)) {
        cpu_pause();
    }
}

/*
 * Requests a range when the turn is not free. Returns true if the turn became free and this CPU
 * must run the next round; false if another CPU has served the range.
 */
static never_inline must_check bool request_await(struct shootdown_turn *turn,
                                                  struct shootdown_range range)
{
    uint64_t number = request_add(turn, range);
    while (__atomic_load_n(&turn->done, __ATOMIC_ACQUIRE) < number) {
        if (!turn_try(turn)) {
            cpu_pause();
            continue;
        }
        if (turn->done < number) {
            turn->range_count = turn->served = 0;
            requests_take(turn);
            return true;
        }
        shootdown_turn_release(turn);
    }
    return false;
}

bool shootdown_turn_take(struct shootdown_turn *turn, struct shootdown_range range)
{
    if (unlikely(!turn_try(turn))) {
        return request_await(turn, range);
    }
    turn->ranges[0] = range;
    turn->range_count = turn->served = 1;
    if (unlikely(shootdown_requests_waiting(turn) != 0)) {
        requests_take(turn);
    }
    return true;
}
