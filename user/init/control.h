/* What a holder of the right handle may ask of `init`: user/protocol/services.h. */
#pragma once

#include "lib/compiler.h"

/*
 * Starts the thread that serves these calls, and stores a handle to make them. Errors: those of
 * endpoint_create(), endpoint_badge() and thread_create().
 */
must_check int control_begin(uint32_t *handle);
