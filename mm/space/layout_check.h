/* The boot's check of the live page tables against the layout. */
#pragma once

/*
 * Walks every page that is mapped and panics, in words, if one is writable and executable, lies
 * outside the regions of layout.h, or has rights that its region does not give. Thread context or
 * boot; takes a few milliseconds.
 */
void layout_check(void);
