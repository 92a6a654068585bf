/*
 * The line editor's Tab key. It adds the characters that all candidates have in common, and a space
 * behind a single candidate. If several candidates have no more characters in common, it lists them
 * below the line.
 */
#include "lib/line_editor_internal.h"
#include "lib/string.h"

struct completion {
    size_t start;  /* of the word, in the line */
    size_t bytes;  /* of the word, up to the cursor */
    size_t count;  /* of candidates */
    size_t common; /* bytes that all of them begin with */
    const char *first;
};

static const char *candidate(const struct line_editor *editor, const struct completion *found,
                             size_t index)
{
    return editor->port.candidate(editor->port.context, editor->text, found->start, found->bytes,
                                  index);
}

static struct completion completion_find(const struct line_editor *editor)
{
    struct completion found = {.start = editor->cursor};
    while (found.start > 0 && editor->text[found.start - 1] != ' ') {
        found.start--;
    }
    found.bytes = editor->cursor - found.start;
    for (const char *name; (name = candidate(editor, &found, found.count)) != NULL; found.count++) {
        size_t common = 0;
        if (found.count == 0) {
            found.first = name;
            common = strlen(name);
        } else {
            while (common < found.common && name[common] == found.first[common]) {
                common++;
            }
        }
        found.common = common;
    }
    return found;
}

static void completion_list(struct line_editor *editor, const struct completion *found)
{
    size_t column = 0;
    line_show(editor, "\n");
    for (size_t i = 0; i < found->count; i++) {
        const char *name = candidate(editor, found, i);
        if (column > 0 && column + strlen(name) >= editor->columns) {
            line_show(editor, "\n");
            column = 0;
        }
        line_show(editor, name);
        line_show(editor, "  ");
        column += strlen(name) + 2;
    }
    line_show(editor, "\n");
    line_editor_redraw(editor);
}

void line_complete(struct line_editor *editor)
{
    if (editor->port.candidate == NULL) {
        return;
    }
    struct completion found = completion_find(editor);
    if (found.count == 0) {
        line_show(editor, "\a");
        return;
    }
    if (found.count > 1 && found.common == found.bytes) {
        completion_list(editor, &found);
        return;
    }
    line_insert(editor, found.first + found.bytes, found.common - found.bytes);
    bool goes_on = editor->cursor > 0 && editor->text[editor->cursor - 1] == '/'; /* a directory */
    if (found.count == 1 && !goes_on && editor->text[editor->cursor] != ' ') {
        line_insert(editor, " ", 1);
    }
    line_editor_redraw(editor);
}
