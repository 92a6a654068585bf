/* How different two words are: to guess what somebody meant. No state; any context. */
#pragma once

#include "lib/compiler.h"

#define EDIT_DISTANCE_MAX 24 /* longer words count as entirely different */

/*
 * How many characters must be put in, taken out, replaced or swapped with their neighbour to make
 * one word of the other. Words longer than EDIT_DISTANCE_MAX: EDIT_DISTANCE_MAX + 1.
 */
unsigned edit_distance(const char *left, const char *right);
