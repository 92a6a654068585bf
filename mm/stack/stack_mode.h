/*
 * The ways to fill a stack, one of which is chosen at boot. What differs between them is in the
 * text: the instructions at text sites (arch/x86_64/cpu/patch_site.h) that a way needs are put
 * there once, so that the others pay nothing for them.
 */
#pragma once

#include "lib/compiler.h"

enum stack_mode {
    STACK_MODE_EAGER,    /* all pages at creation */
    STACK_MODE_FAULT,    /* one page at creation, holes filled by faults */
    STACK_MODE_LEND,     /* one page at creation, all while it runs: stack_lend.h */
    STACK_MODE_PREFAULT, /* one page at creation, holes filled in advance: stack_prefault.h */
};

/* How stacks are filled from now on. Once, at boot, before the first stack. */
void stack_mode_set(enum stack_mode mode);
enum stack_mode stack_mode_get(void);
