/*
 * The line editor's history: the last lines entered, oldest first. Going up from the line being
 * typed keeps it as a draft, and coming down again brings it back.
 */
#include "lib/line_editor_internal.h"
#include "lib/string.h"

static bool line_blank(const char *text)
{
    while (*text == ' ') {
        text++;
    }
    return *text == '\0';
}

void line_history_add(struct line_editor *editor)
{
    size_t kept = editor->lines_kept;
    if (line_blank(editor->text) ||
        (kept > 0 && string_equal(editor->history[kept - 1], editor->text))) {
        return;
    }
    if (kept == LINE_HISTORY_LINES) {
        memmove(editor->history[0], editor->history[1], (LINE_HISTORY_LINES - 1) * LINE_BYTES);
        kept--;
    }
    memcpy(editor->history[kept], editor->text, LINE_BYTES);
    editor->lines_kept = kept + 1;
}

bool line_history_step(struct line_editor *editor, bool older)
{
    if (older ? editor->browsed == editor->lines_kept : editor->browsed == 0) {
        return false;
    }
    if (editor->browsed == 0) {
        memcpy(editor->draft, editor->text, LINE_BYTES);
    }
    editor->browsed += older ? 1 : -1;
    line_replace(editor, editor->browsed == 0
                             ? editor->draft
                             : editor->history[editor->lines_kept - editor->browsed]);
    return true;
}
