/* Prints what the divers have found, within 80 columns and always in the same order. */
#pragma once

/*
 * Prints the faults and the stacks of all divers, and the memory of all kernel stacks while so many
 * threads more wait. Errors: those of stream_write().
 */
int show(unsigned crowd);
