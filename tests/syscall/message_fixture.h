/* Two threads in user mode, a client and a server, with an endpoint between them. */
#pragma once

#include "kernel/ipc/endpoint.h"
#include "tests/syscall/script.h"

extern struct script client, server;
extern struct endpoint *endpoint;
extern uint32_t sender, receiver; /* handles of the endpoint, in script_handles */

/*
 * Makes the world of scripts with at most `limit` handles, the endpoint and its two handles, and
 * empties both scripts. Returns false if memory is short. Context: THREAD.
 */
must_check bool messages_begin(uint32_t limit);

/* Undoes messages_begin(). Context: THREAD. */
void messages_end(void);

/* Runs server and client until both have ended. Context: THREAD. */
void messages_run_both(void);

/* Returns what RAX held after a call of a script. Context: ANY. */
int64_t message_result(const struct script *script, unsigned index);

/* Writes to the message buffer at SCRIPT_BUFFER, which lies on two pages. Context: ANY. */
void message_buffer_write(size_t offset, const void *from, size_t bytes);

/* Reads from the message buffer at SCRIPT_BUFFER. Context: ANY. */
void message_buffer_read(size_t offset, void *to, size_t bytes);
