/*
 * The name service: finds a server by its name. A client's badge says what it may do: find names,
 * or also publish them. A name belongs to the badge that published it first. The same badge may
 * publish it again, as a server does that was restarted.
 */
#pragma once

#include "user/protocol/protocol.h"

#define NAMES_PROTOCOL   1
#define NAMES_NAME_BYTES 31 /* of the longest name */

/* What a badge says: publishing is allowed; the bits above name the publisher. */
#define NAMES_BADGE_PUBLISH 1
#define NAMES_BADGE_SHIFT   1

/* clang-format off */
#define NAMES_OPERATIONS(OPERATION) \
    OPERATION(1, publish, "name: bytes; service: handle an endpoint to call, with the rights SEND, DUPLICATE and TRANSFER", "", \
        "NO_RIGHT, INVALID, EXISTS, NO_MEMORY", \
        "Gives a name to a service. ERROR_EXISTS: the name belongs to another publisher.") \
    OPERATION(2, find, "wait: value 1 to wait until it is published, else 0; name: bytes", "service: handle", \
        "NOT_FOUND, AGAIN", \
        "Finds the service of a name. ERROR_AGAIN: too many clients wait already.") \
    OPERATION(3, list, "at: value the number of a name, from 0", "name: bytes", \
        "NOT_FOUND", \
        "Gives the names one by one, in the order in which they were published first.")
/* clang-format on */
