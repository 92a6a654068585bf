/* Settings of the caches of whole stacks, for tests that change them. */
#pragma once

#include "mm/stack/stack_cache.h"

/* Saves the settings; restores them. Context: THREAD. */
void cache_settings_keep(void);
void cache_settings_put_back(void);

/* Hands this CPU's cached stacks and its batch to the reclaimer. Context: THREAD. */
void cache_empty(void);
