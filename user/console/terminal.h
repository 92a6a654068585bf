/*
 * The terminal: its clients, by the protocols `console` and `bytes`, and the line discipline
 * between them and the devices. One thread serves the clients, another one the devices, and a
 * mutex guards what both use.
 */
#pragma once

#include "user/lib/mutex.h"
#include "user/lib/protocol.h"

/* What the terminal uses of the devices; called with the lock. */
struct terminal_port {
    void (*show)(const char *text, size_t bytes);
    void (*room_made)(void); /* keys that found no room can be taken now; NULL: there is no input */
};

/* Held while any other function of this file is called, except terminal_init() and _dispatch(). */
extern struct mutex terminal_lock;

void terminal_init(const struct terminal_port *port);

/* Serves one request of a client. Takes the lock. */
int64_t terminal_dispatch(struct protocol_request *request);

/* Says whether there is room for some more keys. */
bool terminal_has_room(void);

/* Takes a key (lib/key.h). */
void terminal_key(int key);

/* Shows text that is not of a client, with the line that is edited below it. */
void terminal_show(const char *text, size_t bytes);
