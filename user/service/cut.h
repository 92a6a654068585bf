/*
 * Ends a server that has a call of this program and cannot answer it. init stops the server's
 * thread, which takes one more call then; this program calls, waits until it is certain that the
 * call is under way, and has the server ended.
 */
#pragma once

/*
 * Does that to the server of a service, and calls its next instance. Returns the program's status:
 * 0 if the call ended with ERROR_PEER_DIED, and the next one was answered.
 */
int cut_run(const char *name);
