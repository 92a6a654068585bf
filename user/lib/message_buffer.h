/* The message buffer of each thread (lib/abi.h), for those that call servers or serve. */
#pragma once

#include "lib/abi.h"

/* Where the buffer of a thread lies; its FS base points here. */
struct message_place {
    struct message_place *self;
    struct message_buffer buffer;
};

/*
 * Returns the calling thread's buffer. The first thread's is named to the kernel at the first call;
 * any other thread calls message_place_set() before.
 */
struct message_buffer *message_buffer(void);

/* Gives the calling thread, which is not the first one, a place that exists as long as it does. */
void message_place_set(struct message_place *place);
