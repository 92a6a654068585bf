/*
 * One line of input with editing, history and completion. The caller passes keys; text with a few
 * ANSI sequences (\r, ESC[K, ESC[nC, ESC[H, ESC[2J) goes to a function. The line never wraps on the
 * terminal: a line that is longer than the width is shown through a moving window. The caller
 * guards the editor. Context of all functions: that of the output function.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/key.h"

#define LINE_BYTES         256 /* with the terminator */
#define LINE_HISTORY_LINES 16

struct line_editor_port {
    /* Shows text on the terminal. */
    void (*write)(void *context, const char *text, size_t bytes);

    /*
     * Returns candidate number `index` for the word of `word_bytes` bytes that begins at
     * `line[word_start]` and ends at the cursor, or a null pointer if there is no such candidate.
     * The string of candidate 0 must stay valid while the others are asked for. The pointer is null
     * if the line has no completion.
     */
    const char *(*candidate)(void *context, const char *line, size_t word_start, size_t word_bytes,
                             size_t index);
    void *context;
};

struct line_editor {
    struct line_editor_port port;
    const char *prompt;
    size_t columns;    /* width of the terminal */
    size_t length;     /* bytes in `text`, without the terminator */
    size_t cursor;     /* 0 to length */
    size_t window;     /* first byte that is shown */
    size_t lines_kept; /* in `history`, newest last */
    bool damaged;      /* a part of the line was lost */
    size_t browsed;    /* 0: the line being typed; n: the n-th newest line of the history */
    char text[LINE_BYTES];
    char draft[LINE_BYTES]; /* the line being typed, while the history is browsed */
    char history[LINE_HISTORY_LINES][LINE_BYTES];
};

enum line_state {
    LINE_EDITING,
    LINE_DONE,      /* Enter: `text` is the line; it is in the history already */
    LINE_CANCELLED, /* control-C: `text` is empty */
    LINE_END,       /* control-D on an empty line: there is no more to come */
    LINE_DAMAGED,   /* Enter, but keys were lost: `text` is not what was typed */
};

/*
 * Sets up an editor with an empty history. `prompt` must exist as long as the editor; `columns` 0
 * means 80.
 */
void line_editor_init(struct line_editor *editor, const struct line_editor_port *port,
                      const char *prompt, size_t columns);

/* Begins an empty line and shows the prompt. */
void line_editor_begin(struct line_editor *editor);

/* Takes one key. After any result but LINE_EDITING, line_editor_begin() begins the next line. */
must_check enum line_state line_editor_key(struct line_editor *editor, int key);

/* Shows prompt and line again, for instance after other output. */
void line_editor_redraw(struct line_editor *editor);
