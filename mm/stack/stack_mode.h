/*
 * How stacks are filled; chosen at boot by stack=. The differences are in the kernel's text: each
 * mode writes the instructions that it needs to the patch sites (arch/x86_64/cpu/patch_site.h) once
 * at boot, so the other modes do not pay for them.
 */
#pragma once

#include "lib/compiler.h"

enum stack_mode {
    STACK_MODE_EAGER,    /* all pages backed at creation */
    STACK_MODE_FAULT,    /* one page backed at creation, holes filled by faults */
    STACK_MODE_LEND,     /* one page at creation, all while the thread runs: stack_lend.h */
    STACK_MODE_PREFAULT, /* one page at creation, holes filled in advance: stack_prefault.h */
};

/*
 * Sets the mode.
 * Context: boot, before the first stack is created.
 */
void stack_mode_set(enum stack_mode mode);

/*
 * Returns the mode.
 * Context: ANY.
 */
enum stack_mode stack_mode_get(void);
