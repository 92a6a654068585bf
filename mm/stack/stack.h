/*
 * Kernel stacks as a whole: create, death, and what can be read about them without touching them.
 */
#pragma once

#include "mm/stack/stack_mode.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_trim.h"

/* Reads what births from the cache have to look after: mode, exact depths, nodes. Once, at boot,
 * when these are chosen. */
void stack_create_mode_init(void);

/*
 * A stack with its top page backed and zeroed (eager: all pages), from this CPU's cache if it has
 * one (then partly filled as its last owner left it). Thread context. ERROR_NO_MEMORY: no frame or
 * slot, or threads starve for frames just now.
 */
must_check int stack_create(uint32_t *slot);

/*
 * As above, but not from the cache, with frames from a node of memory as long as it has any
 * (mm/frame/numa_node.h): for a thread that will run elsewhere. `bytes`: 0, or as
 * stack_create_sized().
 */
must_check int stack_create_in(unsigned node, bool whole, size_t bytes, uint32_t *slot);

/* As above, but all four pages backed: for threads that must run when memory is gone. */
must_check int stack_create_backed(uint32_t *slot);

/*
 * As above, but of so many bytes: a power of two, 16 KiB to 1 MiB. More than 16 KiB never come from
 * the cache. `whole`, or stack=eager: all its pages backed. ERROR_INVALID: no power of two;
 * ERROR_RANGE: too small or too large.
 */
must_check int stack_create_sized(size_t bytes, bool whole, uint32_t *slot);

/*
 * Gives up a stack that no CPU uses: to this CPU's cache, else to the dead stacks, which the
 * reclaimer takes apart. Interrupts off; never waits.
 */
void stack_destroy(uint32_t slot);
