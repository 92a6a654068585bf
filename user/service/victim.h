/* The services whose calls are interrupted, each with a call that changes nothing. */
#pragma once

#include "lib/compiler.h"

struct victim {
    const char *name;
    int64_t (*call)(uint32_t service);
};

/*
 * Looks for the service of this name, and stores a handle to it. Errors: ERROR_NOT_FOUND, and those
 * of service_find().
 */
must_check int victim_find(const char *name, const struct victim **victim, uint32_t *service);
