/* The machine's settings of the caches of whole stacks, for tests that change them. */
#pragma once

#include "mm/stack/stack_cache.h"

/* Notes the settings; and puts them back. Thread context. */
void cache_settings_keep(void);
void cache_settings_put_back(void);

/* This CPU's cache and its batch go to the dead stacks. Thread context. */
void cache_empty(void);
