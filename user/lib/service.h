/* Finds servers by name, at the name service that the program was given. */
#pragma once

#include "lib/compiler.h"

/*
 * Stores a handle to the endpoint of the service with this name; waits until one has been
 * registered. Errors: ERROR_NOT_FOUND (the program was given no name service), and those of
 * names_find().
 */
must_check int service_find(const char *name, uint32_t *service);
