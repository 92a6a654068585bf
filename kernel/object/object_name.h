/* The names of types of objects, for people. The list of system calls uses the same words. */
#pragma once

#include "lib/abi.h"

#define OBJECT_TYPES (OBJECT_CONSOLE + 1) /* above every enum object_type */

/* Returns the name of an enum object_type; "unknown" for a number that is none. Context: ANY. */
const char *object_type_name(unsigned type);
