/*
 * The services of a session, as `init` keeps them: their servers can be listed and ended. Who has a
 * handle to it can end every server, so the shell gives it to the program `service` alone.
 */
#pragma once

#include "user/protocol/protocol.h"

#define SERVICES_PROTOCOL 6

/* clang-format off */
#define SERVICES_OPERATIONS(OPERATION) \
    OPERATION(1, list, "at: value the number of a service, from 0", "starts: value how often its server was started; state: value one of enum services_state; name: bytes", \
        "NOT_FOUND", \
        "Gives the services one by one, in the order of the configuration.") \
    OPERATION(2, end, "name: bytes", "", \
        "NOT_FOUND, AGAIN", \
        "Ends the server of a service, which is started again after a pause. ERROR_AGAIN: none runs now.") \
    OPERATION(3, ready, "", "", "", \
        "Notes that the shell is about to show its first prompt; init logs when.") \
    OPERATION(4, stop, "name: bytes", "", \
        "NOT_FOUND, AGAIN, TIMEOUT", \
        "Stops the thread that serves a service, before it answers the next call. ERROR_AGAIN: none runs now. ERROR_TIMEOUT: it has not stopped yet, and will.") \
    OPERATION(5, resume, "name: bytes", "", \
        "NOT_FOUND, AGAIN", \
        "Lets a server go on that was stopped. ERROR_AGAIN: none runs now.")
/* clang-format on */

enum services_state {
    SERVICES_RUNS = 1,
    SERVICES_PAUSES, /* its server has ended, and will be started again */
    SERVICES_LEFT,   /* its server kept failing */
};
