/* A call that a server holds: it has taken it, and was stopped before it could answer. */
#pragma once

#include "lib/compiler.h"

/*
 * Has init stop a server when it has taken one more call. One that is at work just then stops
 * before that: it goes on then, and is stopped again. Errors: ERROR_TIMEOUT (it is always at work), and
 * those of services_stop().
 */
must_check int64_t held_begin(uint32_t init, const char *server);

/*
 * Waits until the program's other thread is in its call, and the server of held_begin() has stopped
 * with a call in its hands. `*begins`, which is atomic, becomes true when
 * what the other thread does next is the call alone. The program has these two threads. Errors:
 * ERROR_TIMEOUT, and those of services_stop().
 */
must_check int64_t held_wait(uint32_t init, const char *server, const bool *begins);
