/* The two kinds of calls that the file server gets. */
#pragma once

#include "user/lib/protocol.h"

/* A call of the service itself: the protocol files. */
int64_t serve_files(struct protocol_request *request);

/* A call of an open file: the protocols bytes and rings. */
int64_t serve_opened(struct protocol_request *request);
