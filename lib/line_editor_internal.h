/*
 * Shared by the parts of the line editor: line_editor.c, line_history.c, line_completion.c. Context
 * of all functions: that of the editor's output function.
 */
#pragma once

#include "lib/line_editor.h"

/* Writes a terminated string to the terminal. */
void line_show(struct line_editor *editor, const char *string);

/* Puts `bytes` bytes at the cursor as far as they fit, without showing them. */
void line_insert(struct line_editor *editor, const char *text, size_t bytes);

/* Replaces the whole line, without showing it; the cursor goes to its end. */
void line_replace(struct line_editor *editor, const char *text);

/* Adds the line to the history unless it is blank or repeats the newest. */
void line_history_add(struct line_editor *editor);

/* Shows the next older or newer line of the history. Returns false if there is none. */
bool line_history_step(struct line_editor *editor, bool older);

/* Completes the word before the cursor, or lists the candidates. */
void line_complete(struct line_editor *editor);
