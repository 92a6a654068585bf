/*
 * The line discipline: keys become lines. While a client edits a line, keys go to the line editor
 * (lib/line_editor.h); before and after, they wait in a queue, so what is typed or pasted early is
 * not lost. Portable; the caller guards it.
 */
#pragma once

#include "lib/line_editor.h"
#include "user/protocol/console.h"

#define DISCIPLINE_KEYS         4096 /* of the queue; a power of two */
#define DISCIPLINE_PROMPT_BYTES 128  /* of the longest prompt, with its terminator */

struct discipline_port {
    /* Shows text. */
    void (*write)(void *context, const char *text, size_t bytes);
    /* Takes what a line ended with, and its text. */
    void (*deliver)(void *context, enum console_event event, const char *text, size_t bytes);
    /* Control-C came while no line is edited. */
    void (*interrupt)(void *context);
    void *context;
};

enum discipline_state {
    DISCIPLINE_IDLE,
    DISCIPLINE_EDITING,
    DISCIPLINE_COMPLETING, /* CONSOLE_COMPLETE was delivered */
};

struct discipline {
    struct discipline_port port;
    enum discipline_state state;
    struct line_editor prompted, plain; /* lines with a prompt have a history of their own */
    struct line_editor *editor;         /* the one in use */
    char prompt[DISCIPLINE_PROMPT_BYTES];
    const char *candidates; /* while a word is completed */
    size_t candidates_bytes;
    char candidate[2][LINE_BYTES]; /* the first one, and the last other one that was asked for */
    bool at_start;          /* the last text ended a line, so the cursor is in the first column */
    unsigned written, read; /* of the queue; they only grow */
    uint16_t keys[DISCIPLINE_KEYS];
};

void discipline_init(struct discipline *discipline, const struct discipline_port *port);

/* Returns how many keys there is room for. */
unsigned discipline_room(const struct discipline *discipline);

/* Takes a key (lib/key.h) of the device. One for which there is no room is lost, and KEY_LOST noted. */
void discipline_key(struct discipline *discipline, int key);

/*
 * Begins a line, with a prompt (`bytes` bytes; NULL: none, and neither history nor completion).
 * Returns ERROR_BUSY if one is edited already, ERROR_TOO_LONG for the prompt, else OK.
 */
must_check int discipline_line(struct discipline *discipline, const char *prompt, size_t bytes);

/*
 * Goes on after CONSOLE_COMPLETE with these candidates, one a line. Returns ERROR_INVALID in
 * another state.
 */
must_check int discipline_complete(struct discipline *discipline, const char *candidates,
                                   size_t bytes);

/* Gives up the line, as when its client is gone. */
void discipline_abandon(struct discipline *discipline);

/* Shows text of a program; a line that is edited is shown again below it. */
void discipline_show(struct discipline *discipline, const char *text, size_t bytes);
