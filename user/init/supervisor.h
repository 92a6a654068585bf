/*
 * Keeps the servers of a configuration alive. Each service has an endpoint, which lives as long as
 * `init` does: a client whose call was taken when the server died gets ERROR_PEER_DIED, and calls
 * after that wait until the next instance takes them.
 */
#pragma once

#include "user/init/config.h"

/*
 * Starts the servers, with a thread for each that starts it again when it ends. The server of
 * "names" must be the first. Stores a handle to call it, which may find names only. After an error
 * *reason says why. Call it once.
 */
must_check int supervisor_begin(const struct config *config, uint32_t *names, const char **reason);

/* Ends all servers, and waits until they have ended. */
void supervisor_end(void);
