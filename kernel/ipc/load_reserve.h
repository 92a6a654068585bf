/*
 * Loads of messages that are set aside at the build, for when no memory is left: servers then still
 * get short answers and questions. A message keeps its load until it is received, so programs with
 * calls that nobody receives use up what they may take. Who may not take all of it leaves
 * LOADS_RESERVED_APART to the others: a program that the shell started leaves them to the shell and
 * the servers, which so are heard (kernel/task/budget.h:budget_is_outermost).
 */
#pragma once

#include "lib/abi.h"

#define LOADS_RESERVED       4
#define LOADS_RESERVED_APART 2
#define LOAD_RESERVED_BYTES  (MESSAGE_BYTES_MAX + 256) /* of a struct message_load and its bytes */

/*
 * Returns LOAD_RESERVED_BYTES bytes for a load; NULL: all that the caller may take are in use.
 * Context: ANY.
 */
void *load_reserve_take(bool may_take_all);

/* Gives a load back, if it is one of the reserve. Returns whether it is. Context: ANY. */
bool load_reserve_give(void *load);
