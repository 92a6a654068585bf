/*
 * The console: lines that a user types, with editing, history and completion. It serves streams
 * too: a read gives a line without a prompt, and a write shows text.
 */
#pragma once

#include "user/protocol/protocol.h"

#define CONSOLE_PROTOCOL 3

/* How the user ended a line. */
enum console_event {
    CONSOLE_LINE = 1,  /* Enter: the text is the line */
    CONSOLE_CANCELLED, /* control-C */
    CONSOLE_END,       /* control-D on an empty line */
    CONSOLE_COMPLETE,  /* Tab: the text is the line up to the cursor; answer by `complete` */
    CONSOLE_DAMAGED,   /* Enter, but keys were lost */
};

/* clang-format off */
#define CONSOLE_OPERATIONS(OPERATION) \
    OPERATION(1, line, "prompt: bytes", "event: value one of enum console_event; interrupts: value as of `interrupts`; text: bytes", \
        "BUSY, TOO_LONG", \
        "Lets the user edit a line, which goes into the history. ERROR_BUSY: another client reads already.") \
    OPERATION(2, complete, "candidates: bytes words, one a line", "event: value; interrupts: value; text: bytes", \
        "BUSY, INVALID", \
        "Completes the word before the cursor by what begins like it, and goes on with the line after CONSOLE_COMPLETE.") \
    OPERATION(3, interrupt, "notification: handle with the rights SEND and TRANSFER", "", \
        "INVALID", \
        "Names the notification whose bit 0 is set when the user types control-C while no line is edited.") \
    OPERATION(4, interrupts, "", "count: value", \
        "", \
        "Tells how often that has happened. A client that knows the count at the end of a line knows what came after it.")
/* clang-format on */
