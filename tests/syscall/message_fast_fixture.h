/*
 * What the tests of the fast path of messages share: a client, a server and a third thread, all on
 * CPU 0, and handles for callers and receivers of two endpoints. The swapper is quiet meanwhile.
 */
#pragma once

#include "kernel/ipc/endpoint.h"
#include "kernel/syscall/message_fast.h"
#include "tests/syscall/script.h"

struct message_fast_fixture {
    struct script client, server, third;
    struct endpoint *endpoint, *second;
    uint32_t sender, receiver, second_sender, second_receiver;
    uint64_t left_before[MESSAGE_LEFT_REASONS], by_frame_before;
};

extern struct message_fast_fixture fast;

/* Makes all of it. False: there is no memory, and a failure is noted. Context: THREAD. */
bool message_fast_begin(void);

/* Gives the three threads empty scripts. They have ended. Context: THREAD. */
void message_fast_scripts_clear(void);

/* Takes it away. The threads have ended. Context: THREAD. */
void message_fast_end(void);

/* Returns how often the fast path was left for a reason since the beginning. Context: ANY. */
uint64_t message_fast_left_since(enum message_fast_reason reason);

/* Returns what a call of a script has returned. Context: ANY. */
int64_t script_result(const struct script *script, unsigned index);

/* Starts a script, and waits until it sleeps. Context: THREAD. */
void script_start_and_wait(struct script *script);

/* Ends a script's thread, which may sleep in a call. Context: THREAD. */
void script_kill_and_join(struct script *script);

/* Starts a server that answers `count` calls: the first with value + 100, and so on. */
void message_fast_server_start(unsigned count, uint64_t value);
