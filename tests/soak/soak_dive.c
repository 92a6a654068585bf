/*
 * Dives: frames of random sizes, each filled with its own pattern. Something happens at the bottom;
 * on the way up every byte must be as it was, whatever happened to the pages meanwhile.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/depth_section.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_large.h"
#include "sched/stack/stack_reservation.h"
#include "tests/soak/soak.h"

/* Room for the action at the bottom: a wait, a refill, a preemption, a failure's words. */
#ifdef LARGE_ENTRY_STACKS
#define ROOM_BYTES 6144
#else
#define ROOM_BYTES 3072
#endif
#define CREATE_BYTES    512         /* of soak_create() and what calls it here */
#define ENSURED_BYTES   (64 * 1024) /* on larger stacks; most often no more */
#define TRIM_ODDS       50          /* one in so many; each waits for all CPUs */
#define LEVEL_BYTES_MIN 64
#define LEVEL_BYTES     600 /* most levels have fewer; one in four may take all that is left */

void soak_plunge(size_t bytes, void (*work)(void *context, uint64_t *words, size_t bytes),
                 void *context); /* soak_dive.asm */

static size_t room_left(const struct thread *thread)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t bottom = stack_limit(thread->slot) + ROOM_BYTES;
    return here > bottom ? here - bottom : 0;
}

bool soak_may_create(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    return here - stack_limit(thread_current()->slot) >
           DEPTH_SECTION_REACH(THREAD_CREATE_DEPTH + CREATE_BYTES);
}

static size_t level_choose(struct random *random, size_t room)
{
    size_t most = random_once_in(random, 4) || room < LEVEL_BYTES ? room : LEVEL_BYTES;
    return align_down(random_between(random, LEVEL_BYTES_MIN, (uint32_t)most), 16);
}

static void level_check(const struct soak_self *self, const uint64_t *words, size_t bytes,
                        uint64_t key)
{
    for (size_t i = 0; i < bytes / sizeof(*words); i++) {
        uint64_t expected = key + i * 0x9e3779b97f4a7c15;
        if (unlikely(words[i] != expected)) {
            soak_fail("thread %u (slot %u): the word at %p is 0x%llx, not 0x%llx%s",
                      thread_current()->id, thread_current()->slot, (const void *)&words[i],
                      (unsigned long long)words[i], (unsigned long long)expected,
                      self->life == NULL ? "; it is detached" : "");
            return;
        }
    }
    soak_count(&soak_counts.bytes_checked, bytes);
    soak_count(&soak_counts.dive_levels, 1);
}

static void level(void *context, uint64_t *words, size_t bytes)
{
    struct soak_self *self = context;
    uint64_t key = random_next(&self->random);
    for (size_t i = 0; i < bytes / sizeof(*words); i++) {
        words[i] = key + i * 0x9e3779b97f4a7c15;
    }
    compiler_barrier();
    size_t room = room_left(thread_current());
    if (room > 2 * LEVEL_BYTES_MIN && !random_once_in(&self->random, 10)) {
        soak_plunge(level_choose(&self->random, room), level, self);
    } else {
        soak_act(self);
    }
    compiler_barrier();
    level_check(self, words, bytes, key);
}

/* Ensures depth in advance: most often a little more than there is. */
static bool depth_ask(struct soak_self *self)
{
    size_t most = stack_bytes_of(thread_current()->slot);
    if (!random_once_in(&self->random, stack_is_large(thread_current()->slot) ? 2 : 16)) {
        return false;
    }
    if (most > ENSURED_BYTES && !random_once_in(&self->random, 8)) {
        most = ENSURED_BYTES;
    }
    int error = stack_ensure(random_between(&self->random, 1, (uint32_t)most));
    soak_count(error == OK ? &soak_counts.ensures : &soak_counts.ensures_refused, 1);
    return error == OK;
}

void soak_dive(struct soak_self *self)
{
    bool ensured = depth_ask(self);
    size_t room = room_left(thread_current());
    if (room > 2 * LEVEL_BYTES_MIN) {
        soak_plunge(level_choose(&self->random, room), level, self);
        soak_count(&soak_counts.dives, 1);
    }
    if (ensured) {
        stack_release();
    }
    if (random_once_in(&self->random, TRIM_ODDS) && stack_mode_get() != STACK_MODE_EAGER) {
        stack_trim(thread_current()->slot, (uintptr_t)__builtin_frame_address(0));
        soak_count(&soak_counts.trims, 1);
    }
}

static void overflow_level(void *context, uint64_t *words, size_t bytes)
{
    words[0] = bytes;
    soak_plunge(bytes, overflow_level, context);
    words[0]++; /* so that the call above is no tail call */
}

void soak_overflow(void)
{
    soak_plunge(256, overflow_level, NULL);
    __builtin_unreachable();
}
