/* Counters of injected failures; see fault_inject.h. They are atomic: all CPUs count in them. */
#include "mm/frame/fault_inject.h"

struct injector {
    uint32_t every; /* 0: disarmed */
    uint32_t seen;  /* calls so far, from a start that the seed sets */
    uint64_t struck;
};

bool fault_inject_armed;
static struct injector injectors[FAULT_INJECT_KINDS];

static const char *const names[FAULT_INJECT_KINDS] = {
    [FAULT_INJECT_REFILL] = "refill",
    [FAULT_INJECT_RESERVE_ONLY] = "reserve-only",
    [FAULT_INJECT_ALLOCATE] = "allocate",
};

const char *fault_inject_name(enum fault_inject_kind kind)
{
    return names[kind];
}

void fault_inject_arm(enum fault_inject_kind kind, uint32_t every, uint64_t seed)
{
    struct injector *injector = &injectors[kind];
    injector->struck = 0;
    injector->seen = every != 0 && kind != FAULT_INJECT_ALLOCATE ? (uint32_t)(seed % every) : 0;
    __atomic_store_n(&injector->every, every, __ATOMIC_RELEASE);

    bool any = false;
    for (unsigned i = 0; i < FAULT_INJECT_KINDS; i++) {
        any |= injectors[i].every != 0;
    }
    fault_inject_armed = any;
}

uint64_t fault_inject_count(enum fault_inject_kind kind)
{
    return injectors[kind].struck;
}

bool fault_inject_decide(enum fault_inject_kind kind)
{
    struct injector *injector = &injectors[kind];
    uint32_t every = __atomic_load_n(&injector->every, __ATOMIC_ACQUIRE);
    if (every == 0) {
        return false;
    }
    uint32_t seen = __atomic_add_fetch(&injector->seen, 1, __ATOMIC_RELAXED);
    bool strike = kind == FAULT_INJECT_ALLOCATE ? seen == every : seen % every == 0;
    if (strike) {
        __atomic_add_fetch(&injector->struck, 1, __ATOMIC_RELAXED);
    }
    return strike;
}
