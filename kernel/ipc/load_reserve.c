/* See load_reserve.h. */
#include "kernel/ipc/load_reserve.h"

static struct {
    bool in_use; /* atomic */
    uint8_t load[LOAD_RESERVED_BYTES] aligned_to(16);
} reserve[LOADS_RESERVED];

void *load_reserve_take(bool may_take_all)
{
    for (unsigned i = may_take_all ? 0 : LOADS_RESERVED_APART; i < LOADS_RESERVED; i++) {
        if (!__atomic_exchange_n(&reserve[i].in_use, true, __ATOMIC_ACQUIRE)) {
            return reserve[i].load;
        }
    }
    return NULL;
}

bool load_reserve_give(void *load)
{
    for (unsigned i = 0; i < LOADS_RESERVED; i++) {
        if (load == reserve[i].load) {
            __atomic_store_n(&reserve[i].in_use, false, __ATOMIC_RELEASE);
            return true;
        }
    }
    return false;
}
