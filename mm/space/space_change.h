/* Functions that the files of mm/space share to change regions. For these files alone. */
#pragma once

#include "mm/space/address_space.h"

/* Returns whether each byte of the range can belong to user mode. Context: ANY. */
bool space_range_is_valid(uintptr_t address, size_t bytes);

/* Returns whether a region may have these rights. Context: ANY. */
bool space_rights_are_valid(unsigned rights);

/*
 * Unmaps the regions that lie wholly in [address, end), in slices, waits for the shootdown and
 * frees them. No region lies in it partly. Context: THREAD, changes serialised.
 */
void space_clear(struct address_space *space, uintptr_t address, uintptr_t end);

/*
 * Finds `bytes` bytes of addresses, whole pages, that no region takes, between SPACE_ANYWHERE and
 * SPACE_ANYWHERE_END. Context: THREAD, changes serialised. Errors: ERROR_RANGE (there are none).
 */
must_check int space_free_find(struct address_space *space, size_t bytes, uintptr_t *address);
