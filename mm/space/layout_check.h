/* A check of the live page tables against the memory layout, made at boot. */
#pragma once

/*
 * Walks every mapped page and panics, saying why, if one is writable and executable, lies outside
 * the regions of layout.h, or has rights that its region does not allow. Takes a few milliseconds.
 * Context: THREAD, or boot.
 */
void layout_check(void);
