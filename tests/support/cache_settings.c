/* See cache_settings.h. */
#include "tests/support/cache_settings.h"

static struct {
    uint32_t size;
    enum stack_free how;
} before;

void cache_settings_keep(void)
{
    before.size = stack_cache_size();
    before.how = stack_free_get();
}

void cache_settings_put_back(void)
{
    stack_cache_size_set(before.size);
    stack_free_set(before.how);
}

void cache_empty(void)
{
    uint64_t flags = interrupts_save();
    stack_cache_drain();
    interrupts_restore(flags);
}
