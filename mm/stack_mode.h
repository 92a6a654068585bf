/*
 * The ways to fill a stack, one of which is chosen at boot. What differs between them is in the
 * text: the instructions at text sites (arch/x86_64/text_site.h) that a way needs are put there
 * once, so that the others pay nothing for them.
 */
#pragma once

#include "lib/compiler.h"

enum stack_mode {
    STACK_MODE_EAGER,    /* all pages at birth */
    STACK_MODE_FAULT,    /* one page at birth, holes filled by faults */
    STACK_MODE_LEND,     /* one page at birth, all while it runs: stack_lend.h */
    STACK_MODE_PREFAULT, /* one page at birth, holes filled in advance: stack_prefault.h */
};

/* How stacks are filled from now on. Once, at boot, before the first stack. */
void stack_mode_set(enum stack_mode mode);
enum stack_mode stack_mode_get(void);
