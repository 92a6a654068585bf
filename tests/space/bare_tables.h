/*
 * Page tables of an address space without regions, made by hand, for tests of what lies below
 * address spaces. Their frames belong to FRAME_OWNER_TEST.
 */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"
#include "arch/x86_64/paging/user_tables.h"

/* Rights of a user page in a leaf entry. */
#define BARE_READ  (PAGE_PRESENT | PAGE_USER | PAGE_ACCESSED | PAGE_NO_EXECUTE)
#define BARE_WRITE (BARE_READ | PAGE_WRITABLE | PAGE_DIRTY)

/* Makes page tables with an empty lower half. Returns false, and fails the test, without memory. */
must_check bool bare_tables_create(struct user_tables *tables);

/* Evicts the tables and frees the root. All pages must be unmapped. Context: THREAD. */
void bare_tables_destroy(struct user_tables *tables);

/* Calls user_tables_enter(), with preemption off. Context: THREAD. Errors: as there. */
must_check int bare_enter(struct user_tables *tables, uintptr_t address, uint64_t entry,
                          struct user_table_supply *supply);

/* Maps a frame, with tables as needed. Returns how many tables it needed. Context: THREAD. */
unsigned bare_map(struct user_tables *tables, uintptr_t address, physical_t frame, uint64_t rights);

/* Unmaps a range, with a round, and frees tables that became empty. Returns how many. */
unsigned bare_unmap(struct user_tables *tables, uintptr_t address, size_t bytes);

/* Allocates a frame that is filled with one byte. Returns false, and fails the test, without. */
must_check bool bare_frame(uint8_t byte, physical_t *frame);

/* Loads tables on this CPU, or the kernel's (NULL). Context: THREAD; interrupts go off inside. */
void bare_load(struct user_tables *tables);

/*
 * Reads one byte at a user address through user copy, in the tables that are loaded. Returns -1 if
 * the page is not there. Context: ANY; between bare_faults_take() and bare_faults_give().
 */
int bare_read(uintptr_t address);

/* As bare_read(), but writes. Returns false if the page cannot be written. */
must_check bool bare_write(uintptr_t address, uint8_t byte);

/*
 * Lets page faults of user copy go to their fix-ups at once; the faults of anything else are fatal
 * as ever. bare_faults() counts them.
 */
void bare_faults_take(void);
void bare_faults_give(void);
unsigned bare_faults(void);
