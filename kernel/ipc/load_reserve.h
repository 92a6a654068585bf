/*
 * Loads of messages that are set aside at the build, for when no memory is left: servers then still
 * get short answers and questions. A message keeps its load until it is received, so a program with
 * calls that nobody receives can use the reserve up; then a call fails as it did without one.
 */
#pragma once

#include "lib/abi.h"

#define LOADS_RESERVED      4
#define LOAD_RESERVED_BYTES (MESSAGE_BYTES_MAX + 256) /* of a struct message_load and its bytes */

/* Returns LOAD_RESERVED_BYTES bytes for a load; NULL: all are in use. Context: ANY. */
void *load_reserve_take(void);

/* Gives a load back, if it is one of the reserve. Returns whether it is. Context: ANY. */
bool load_reserve_give(void *load);
