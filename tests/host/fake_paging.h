/*
 * Page tables for the host unit tests: the recursive mapping of the real paging.h, as memory for
 * the leaf entries of the first pages of the region area and of each region of the stack object.
 * Other addresses have no entries.
 */
#pragma once

#include "arch/x86_64/paging/paging.h"

#define FAKE_REGION_PAGES 20480
#define FAKE_STACK_BYTES  0x2000000UL /* of each region of the stack object */
#define FAKE_STACK_SLOTS  (FAKE_STACK_BYTES / STACK_SLOT_BYTES)

/* While true no page table can be made. */
extern bool fake_tables_fail;

/*
 * Gives the stack object memory of its own, apart from the frames, to which links can be written.
 */
void host_stack_object_create(void);
