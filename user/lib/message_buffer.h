/*
 * The message buffers (lib/abi.h) of the program's threads, for code that calls servers or serves
 * calls.
 */
#pragma once

#include "lib/abi.h"

/*
 * The place of a thread's buffer. The FS base of the thread points here, except for the first
 * thread.
 */
struct message_place {
    struct message_place *self;
    struct message_buffer buffer;
};

/*
 * Returns the calling thread's buffer. For the first thread, the first call tells the kernel where
 * the buffer is. Every other thread calls message_place_set() before it calls this.
 */
struct message_buffer *message_buffer(void);

/*
 * Gives the calling thread, which is not the first one, a place for its buffer. The place must
 * exist as long as the thread. Ends the program if the kernel refuses it.
 */
void message_place_set(struct message_place *place);
