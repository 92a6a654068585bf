/*
 * Kernel threads that act on user memory as a system call does, without ring 3: user copy in the
 * address space that the thread was given. Until a thread with a user mode switches page tables,
 * its fault does: a copy that finds another root loaded faults, and the handler here loads the
 * right one.
 */
#pragma once

#include "mm/space/address_space.h"
#include "mm/space/memory_object.h"

/* Installs the page-fault handler; removes it. Around all that follows. Context: THREAD. */
void space_users_begin(void);
void space_users_end(void);

/* The calling thread uses this space from now on; NULL: none. Context: THREAD. */
void space_user_set(struct address_space *space);

/*
 * Called in each fault of user copy, on the thread's stack, before it is resolved; NULL: not. It
 * may sleep.
 */
extern void (*space_user_fault_hook)(void);

/* Faults of user copy since space_users_begin(), and those that could not be resolved. */
unsigned space_user_faults(void);
unsigned space_user_refusals(void);
/* Why the last one could not be resolved; never NULL. */
const char *space_user_reason(void);

/* A quota without a limit, that must be empty at the end. Fails the test if it cannot be had. */
struct frame_quota *space_quota(void);

/*
 * An address space with one anonymous object of `bytes` bytes mapped at SPACE_PLACE, readable and
 * writable. space_fixture_end() unmaps and frees all of it and checks that the quota is empty.
 */
#define SPACE_PLACE 0x40000000UL

struct space_fixture {
    struct address_space space;
    struct memory_object *object;
    struct frame_quota *quota;
};

must_check bool space_fixture_begin(struct space_fixture *fixture, size_t bytes);
void space_fixture_end(struct space_fixture *fixture);

/* One byte at a user address of the calling thread's space; -1 and false: refused. */
int space_read(uintptr_t address);
must_check bool space_write(uintptr_t address, uint8_t byte);
