/*
 * Kernel stacks as a whole: create, death, and what can be read about them without touching them.
 */
#pragma once

#include "mm/stack/stack_mode.h"
#include "mm/stack/stack_slot.h"

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

/*
 * Takes backed pages wholly below `address` away again, so that they are holes once more; their
 * frames are freed after the shootdown. The stack's thread must be the caller or not run. A caller
 * keeps the pages that it uses, and all of them if memory is so short that its CPU's magazine could
 * not cover what it gives. While pages below the fault floor are backed, all stay. Thread context,
 * interrupts on, no lock held.
 */
void stack_trim(uint32_t slot, uintptr_t address);

/*
 * Turns the present entries of the lowest `pages` of the four pages that faults fill into holes and
 * hands out their frames, which are to be freed only after a shootdown. Returns how many.
 */
uint32_t stack_pages_take(uint32_t slot, uint32_t pages, physical_t *frames);

/* Pages that the stack could still ask of a CPU: 0 to 3, or 4 while its top page is taken. Any
 * context. */
uint32_t stack_missing(uint32_t slot);

/* Pages backed now: 1 to 4, or more if pages below the fault floor are. Any context. */
uint32_t stack_pages_backed(uint32_t slot);

/* I4: are the backed pages of the stack one piece, from its top down? Any context. */
bool stack_holes_are_one(uint32_t slot);

/* Is this address of a stack (or anything else) readable without bringing a page in? */
bool stack_is_backed(uintptr_t address);

/* Set by arch's shootdown: forgets a range on every CPU before it returns. */
extern void (*stack_shootdown)(uintptr_t address, size_t bytes);
