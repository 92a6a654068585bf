/* See discipline.h. */
#include "user/console/discipline.h"

#include "lib/error.h"
#include "lib/string.h"

#define LINE_ERASE "\r\x1b[K"

static void editor_write(void *context, const char *text, size_t bytes)
{
    struct discipline *discipline = context;

    discipline->port.write(discipline->port.context, text, bytes);
    discipline->at_start = bytes > 0 && text[bytes - 1] == '\n';
}

/* The candidate of a number for the word that is completed: line_editor_port. */
static const char *editor_candidate(void *context, const char *line, size_t word_start,
                                    size_t word_bytes, size_t index)
{
    struct discipline *discipline = context;
    char *candidate = discipline->candidate[index != 0];
    const char *at = discipline->candidates, *end = at + discipline->candidates_bytes;

    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t bytes = (size_t)((stop == NULL ? end : stop) - at);

        if (bytes >= word_bytes && bytes < LINE_BYTES && bytes > 0 &&
            memcmp(at, line + word_start, word_bytes) == 0 && index-- == 0) {
            memcpy(candidate, at, bytes);
            candidate[bytes] = '\0';
            return candidate;
        }
        at += bytes + 1;
    }
    return NULL;
}

void discipline_init(struct discipline *discipline, const struct discipline_port *port)
{
    const struct line_editor_port plain = {.write = editor_write, .context = discipline};
    const struct line_editor_port prompted = {
        .write = editor_write, .candidate = editor_candidate, .context = discipline};

    memset(discipline, 0, sizeof(*discipline));
    discipline->port = *port;
    discipline->at_start = true;
    line_editor_init(&discipline->plain, &plain, "", 0);
    line_editor_init(&discipline->prompted, &prompted, discipline->prompt, 0);
}

unsigned discipline_room(const struct discipline *discipline)
{
    return DISCIPLINE_KEYS - (discipline->written - discipline->read);
}

static void line_end(struct discipline *discipline, enum console_event event, size_t bytes)
{
    discipline->state = event == CONSOLE_COMPLETE ? DISCIPLINE_COMPLETING : DISCIPLINE_IDLE;
    discipline->port.deliver(discipline->port.context, event, discipline->editor->text, bytes);
}

/* Gives a key to the editor. */
static void key_edit(struct discipline *discipline, int key)
{
    struct line_editor *editor = discipline->editor;

    if (key == KEY_TAB) {
        if (editor->port.candidate != NULL) {
            line_end(discipline, CONSOLE_COMPLETE, editor->cursor);
        }
        return;
    }
    switch (line_editor_key(editor, key)) {
    case LINE_DONE:
        line_end(discipline, CONSOLE_LINE, editor->length);
        break;
    case LINE_CANCELLED:
        line_end(discipline, CONSOLE_CANCELLED, 0);
        break;
    case LINE_END:
        line_end(discipline, CONSOLE_END, 0);
        break;
    case LINE_DAMAGED:
        line_end(discipline, CONSOLE_DAMAGED, 0);
        break;
    case LINE_EDITING:
    default:
        break;
    }
}

/* Gives the editor what waits, as long as it edits. */
static void queue_drain(struct discipline *discipline)
{
    while (discipline->state == DISCIPLINE_EDITING && discipline->read != discipline->written) {
        key_edit(discipline, discipline->keys[discipline->read++ % DISCIPLINE_KEYS]);
    }
}

/* Puts a key into the queue; the last place is for the note that keys were lost. */
static void key_queue(struct discipline *discipline, int key)
{
    unsigned room = discipline_room(discipline);

    if (room > 0) {
        discipline->keys[discipline->written++ % DISCIPLINE_KEYS] =
            (uint16_t)(room == 1 ? KEY_LOST : key);
    }
}

void discipline_key(struct discipline *discipline, int key)
{
    if (key < 0) {
        return;
    }
    if (discipline->state == DISCIPLINE_EDITING) {
        key_edit(discipline, key);
    } else if (key == KEY_CONTROL('C') && discipline->state == DISCIPLINE_IDLE) {
        discipline->read = discipline->written; /* what was typed before is not meant any more */
        discipline_show(discipline, "^C\n", 3);
        discipline->port.interrupt(discipline->port.context);
    } else {
        key_queue(discipline, key);
    }
}

int discipline_line(struct discipline *discipline, const char *prompt, size_t bytes)
{
    if (discipline->state != DISCIPLINE_IDLE) {
        return ERROR_BUSY;
    }
    if (bytes >= DISCIPLINE_PROMPT_BYTES) {
        return ERROR_TOO_LONG;
    }
    discipline->editor = prompt == NULL ? &discipline->plain : &discipline->prompted;
    if (prompt != NULL) {
        memcpy(discipline->prompt, prompt, bytes);
        discipline->prompt[bytes] = '\0';
        if (!discipline->at_start) {
            editor_write(discipline, "\n", 1);
        }
    }
    discipline->state = DISCIPLINE_EDITING;
    line_editor_begin(discipline->editor);
    queue_drain(discipline);
    return OK;
}

int discipline_complete(struct discipline *discipline, const char *candidates, size_t bytes)
{
    if (discipline->state != DISCIPLINE_COMPLETING) {
        return ERROR_INVALID;
    }
    discipline->candidates = candidates;
    discipline->candidates_bytes = bytes;
    discipline->state = DISCIPLINE_EDITING;
    ignore_result(line_editor_key(discipline->editor, KEY_TAB)); /* it goes on editing */
    discipline->candidates_bytes = 0;
    queue_drain(discipline);
    return OK;
}

void discipline_abandon(struct discipline *discipline)
{
    discipline->state = DISCIPLINE_IDLE;
}

void discipline_show(struct discipline *discipline, const char *text, size_t bytes)
{
    bool edits = discipline->state != DISCIPLINE_IDLE;

    if (bytes == 0) {
        return; /* the line stays as it is */
    }
    if (edits) {
        editor_write(discipline, LINE_ERASE, strlen(LINE_ERASE));
    }
    editor_write(discipline, text, bytes);
    if (edits) {
        if (!discipline->at_start) {
            editor_write(discipline, "\n", 1);
        }
        line_editor_redraw(discipline->editor);
    }
}
