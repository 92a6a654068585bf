/* The difference of two words, to suggest the word that a user meant. */
#pragma once

#include "lib/compiler.h"

#define EDIT_DISTANCE_MAX 24 /* longer words count as entirely different */

/*
 * Returns how many characters must be inserted, deleted, replaced or swapped with their neighbour
 * to turn one word into the other; EDIT_DISTANCE_MAX + 1 for words that are longer than
 * EDIT_DISTANCE_MAX. Context: ANY.
 */
unsigned edit_distance(const char *left, const char *right);
