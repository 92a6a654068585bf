/*
 * Keeps the servers of a configuration alive. Each service has an endpoint, which lives as long as
 * `init` does: a client whose call was taken when the server died gets ERROR_PEER_DIED, and calls
 * after that wait until the next instance takes them. A new instance of the name service is told
 * all names again.
 */
#pragma once

#include "user/init/config.h"

/*
 * Starts the servers, with a thread for each that starts it again when it ends. The server of
 * "names" must be the first. Stores a handle to call it, which may find names only. After an error
 * *reason says why. Call it once.
 */
must_check int supervisor_begin(const struct config *config, uint32_t *names, const char **reason);

/*
 * Returns the name of service number `at`, and stores how often its server was started and its
 * state (user/protocol/services.h). NULL: there is no such number.
 */
const char *supervisor_service(uint64_t at, uint64_t *starts, uint64_t *state);

/*
 * Ends the server of a service, which is started again. Errors: ERROR_NOT_FOUND (there is no such
 * service), ERROR_AGAIN (its server does not run now).
 */
must_check int supervisor_server_end(const char *name);

/*
 * Stops the thread that serves a service. One that waits for a call takes one more first, and does
 * not answer it. Does not wait for that: ERROR_TIMEOUT says that the thread has not stopped yet.
 * Errors: as for supervisor_server_end().
 */
must_check int supervisor_server_stop(const char *name);

/* Lets a thread go on that was stopped. Errors: as for supervisor_server_end(). */
must_check int supervisor_server_resume(const char *name);

/* Ends all servers, and waits until they have ended. */
void supervisor_end(void);
