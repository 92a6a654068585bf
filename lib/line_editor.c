/*
 * The keys of the line editor and how the line is shown. A character typed at the end is echoed as
 * it is; every other change draws the line again from its first column.
 */
#include "lib/format.h"
#include "lib/line_editor_internal.h"
#include "lib/string.h"

#define COLUMNS_DEFAULT 80

void line_show(struct line_editor *editor, const char *string)
{
    editor->port.write(editor->port.context, string, strlen(string));
}

void line_editor_init(struct line_editor *editor, const struct line_editor_port *port,
                      const char *prompt, size_t columns)
{
    memset(editor, 0, sizeof(*editor));
    editor->port = *port;
    editor->prompt = prompt;
    editor->columns = columns == 0 ? COLUMNS_DEFAULT : columns;
}

void line_editor_begin(struct line_editor *editor)
{
    editor->length = editor->cursor = editor->window = editor->browsed = 0;
    editor->damaged = false;
    editor->text[0] = '\0';
    line_show(editor, editor->prompt);
}

/* Columns for the text: the last one stays empty, so that no terminal wraps. */
static size_t window_columns(const struct line_editor *editor)
{
    size_t prompt = strlen(editor->prompt);
    return editor->columns > prompt + 9 ? editor->columns - prompt - 1 : 8;
}

/* Moves the window as little as is necessary to show the cursor. Returns true if it moved. */
static bool window_follow(struct line_editor *editor)
{
    size_t columns = window_columns(editor), before = editor->window;
    if (editor->cursor < editor->window) {
        editor->window = editor->cursor;
    } else if (editor->cursor > editor->window + columns) {
        editor->window = editor->cursor - columns;
    }
    return editor->window != before;
}

void line_editor_redraw(struct line_editor *editor)
{
    char move[16];
    window_follow(editor);
    size_t shown = editor->length - editor->window, columns = window_columns(editor);
    shown = shown < columns ? shown : columns;
    line_show(editor, "\r");
    line_show(editor, editor->prompt);
    editor->port.write(editor->port.context, editor->text + editor->window, shown);
    line_show(editor, "\x1b[K");
    if (editor->cursor < editor->window + shown) {
        size_t column = strlen(editor->prompt) + editor->cursor - editor->window;
        line_show(editor, "\r");
        if (column > 0) {
            format_string(move, sizeof(move), "\x1b[%zuC", column);
            line_show(editor, move);
        }
    }
}

void line_insert(struct line_editor *editor, const char *text, size_t bytes)
{
    size_t room = LINE_BYTES - 1 - editor->length;
    bytes = bytes < room ? bytes : room;
    memmove(editor->text + editor->cursor + bytes, editor->text + editor->cursor,
            editor->length - editor->cursor + 1);
    memcpy(editor->text + editor->cursor, text, bytes);
    editor->length += bytes;
    editor->cursor += bytes;
}

void line_replace(struct line_editor *editor, const char *text)
{
    (void)string_copy(editor->text, LINE_BYTES, text);
    editor->length = editor->cursor = strlen(editor->text);
    editor->window = 0;
}

/* Takes out the bytes from `start` up to `end` and leaves the cursor at `start`. */
static void remove_range(struct line_editor *editor, size_t start, size_t end)
{
    memmove(editor->text + start, editor->text + end, editor->length - end + 1);
    editor->length -= end - start;
    editor->cursor = start;
}

static size_t word_start(const struct line_editor *editor)
{
    size_t start = editor->cursor;
    while (start > 0 && editor->text[start - 1] == ' ') {
        start--;
    }
    while (start > 0 && editor->text[start - 1] != ' ') {
        start--;
    }
    return start;
}

static void type_character(struct line_editor *editor, char character)
{
    bool at_end = editor->cursor == editor->length;
    if (editor->length == LINE_BYTES - 1) {
        line_show(editor, "\a");
        return;
    }
    line_insert(editor, &character, 1);
    if (at_end && !window_follow(editor)) {
        editor->port.write(editor->port.context, &character, 1);
    } else {
        line_editor_redraw(editor);
    }
}

/* Moves the cursor or removes text. Returns false if the key does neither. */
static bool edit_key(struct line_editor *editor, int key)
{
    size_t cursor = editor->cursor, length = editor->length;
    switch (key) {
    case KEY_LEFT:
    case KEY_CONTROL('B'):
        editor->cursor -= cursor > 0 ? 1 : 0;
        return true;
    case KEY_RIGHT:
    case KEY_CONTROL('F'):
        editor->cursor += cursor < length ? 1 : 0;
        return true;
    case KEY_HOME:
    case KEY_CONTROL('A'):
        editor->cursor = 0;
        return true;
    case KEY_END:
    case KEY_CONTROL('E'):
        editor->cursor = length;
        return true;
    case KEY_BACKSPACE:
        remove_range(editor, cursor > 0 ? cursor - 1 : 0, cursor);
        return true;
    case KEY_DELETE:
    case KEY_CONTROL('D'):
        remove_range(editor, cursor, cursor < length ? cursor + 1 : cursor);
        return true;
    case KEY_CONTROL('K'):
        remove_range(editor, cursor, length);
        return true;
    case KEY_CONTROL('U'):
        remove_range(editor, 0, cursor);
        return true;
    case KEY_CONTROL('W'):
        remove_range(editor, word_start(editor), cursor);
        return true;
    case KEY_UP:
    case KEY_CONTROL('P'):
        return line_history_step(editor, true);
    case KEY_DOWN:
    case KEY_CONTROL('N'):
        return line_history_step(editor, false);
    default:
        return false;
    }
}

enum line_state line_editor_key(struct line_editor *editor, int key)
{
    switch (key) {
    case KEY_ENTER:
    case '\r':
        if (editor->damaged) {
            line_show(editor, "\n");
            return LINE_DAMAGED;
        }
        line_history_add(editor);
        line_show(editor, "\n");
        return LINE_DONE;
    case KEY_CONTROL('C'):
        editor->length = editor->cursor = 0;
        editor->text[0] = '\0';
        line_show(editor, "^C\n");
        return LINE_CANCELLED;
    case KEY_CONTROL('D'):
        if (editor->length == 0) {
            return LINE_END;
        }
        break;
    case KEY_CONTROL('L'):
        line_show(editor, "\x1b[H\x1b[2J");
        line_editor_redraw(editor);
        return LINE_EDITING;
    case KEY_LOST:
        editor->damaged = true;
        return LINE_EDITING;
    case KEY_TAB:
        line_complete(editor);
        return LINE_EDITING;
    default:
        break;
    }
    if (key >= ' ' && key < 0x7f) {
        type_character(editor, (char)key);
    } else if (edit_key(editor, key)) {
        line_editor_redraw(editor);
    }
    return LINE_EDITING;
}
