/*
 * Ends a client in the midst of a call that a server has taken. The client is a copy of this
 * program, so what ends is a whole task, with its memory. Afterwards the server goes on with the
 * call of the client that is gone, and must serve others as before.
 *
 * What is dropped: "drain" and "fill", calls of the file server by a ring; a call of a service, by
 * its name; or "page". There the client touches a page of a mapped file, for which the pager calls
 * the file server. That holds the call, and it is the pager that ends: so ends the client, whose
 * page fault waits for it.
 */
#pragma once

/*
 * Does that, and checks the server. Returns the program's status: 0 if the client ended as it
 * should, and all is well afterwards.
 */
int drop_run(const char *what);

/* The client, which drop_run() starts. Returns only if the call was answered, or not begun. */
int drop_client_run(const char *what);
