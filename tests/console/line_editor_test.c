/*
 * The line editor, driven key by key. Its output goes to a small terminal in this file (one line,
 * cursor, ESC[K, ESC[nC), so the tests check what a user would see, not which bytes made it.
 */
#include "lib/line_editor.h"
#include "lib/string.h"
#include "tests/test.h"

#define PROMPT "> "

static struct {
    char line[128]; /* the terminal's current line */
    size_t column;
    size_t lines; /* line feeds seen */
    size_t bells;
    size_t sequence; /* bytes of an escape sequence seen so far */
    size_t number;
} terminal;

static struct line_editor editor;

static void terminal_byte(char byte)
{
    if (terminal.sequence > 0) {
        terminal.sequence++;
        if (byte >= '0' && byte <= '9') {
            terminal.number = terminal.number * 10 + (size_t)(byte - '0');
        } else if (byte != '[') {
            terminal.sequence = 0;
            if (byte == 'C') {
                terminal.column += terminal.number;
            } else if (byte == 'K') {
                memset(terminal.line + terminal.column, 0, sizeof(terminal.line) - terminal.column);
            }
        }
    } else if (byte == '\x1b') {
        terminal.sequence = 1;
        terminal.number = 0;
    } else if (byte == '\n') {
        terminal.lines++;
        terminal.column = 0;
        memset(terminal.line, 0, sizeof(terminal.line));
    } else if (byte == '\r') {
        terminal.column = 0;
    } else if (byte == '\a') {
        terminal.bells++;
    } else if (terminal.column < sizeof(terminal.line) - 1) {
        terminal.line[terminal.column++] = byte;
    }
}

static void terminal_write(void *context maybe_unused, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        terminal_byte(text[i]);
    }
}

static const char *names[] = {"mem", "mag", "help", "magnify"};

static const char *find_candidate(void *context maybe_unused, const char *line, size_t start,
                                  size_t bytes, size_t index)
{
    for (size_t i = 0; start == 0 && i < array_length(names); i++) {
        if (strncmp(names[i], line, bytes) == 0 && index-- == 0) {
            return names[i];
        }
    }
    return NULL;
}

static void editor_start(size_t columns)
{
    static const struct line_editor_port port = {.write = terminal_write,
                                                 .candidate = find_candidate};
    memset(&terminal, 0, sizeof(terminal));
    line_editor_init(&editor, &port, PROMPT, columns);
    line_editor_begin(&editor);
}

static enum line_state press(int key)
{
    return line_editor_key(&editor, key);
}

static void type(const char *text)
{
    for (; *text != '\0'; text++) {
        test_equal(press(*text), LINE_EDITING);
    }
}

static void enter(const char *text)
{
    type(text);
    test_equal(press(KEY_ENTER), LINE_DONE);
    line_editor_begin(&editor);
}

/* Checks the line, the terminal's contents, and the cursor in both. */
static void expect(const char *text, size_t cursor)
{
    if (!string_equal(editor.text, text)) {
        test_fail(__FILE__, __LINE__, "the line is \"%s\", not \"%s\"", editor.text, text);
    }
    if (!string_equal(terminal.line + strlen(PROMPT), text)) {
        test_fail(__FILE__, __LINE__, "the terminal shows \"%s\", not \"%s\"", terminal.line, text);
    }
    test_equal(editor.length, strlen(text));
    test_equal(editor.cursor, cursor);
    test_equal(terminal.column, strlen(PROMPT) + cursor);
}

TEST(LIN0001, "a line is typed, and characters are inserted and removed in the middle", ALWAYS)
{
    editor_start(80);
    type("hallo");
    expect("hallo", 5);
    for (unsigned i = 0; i < 3; i++) {
        test_equal(press(KEY_LEFT), LINE_EDITING);
    }
    expect("hallo", 2);
    test_equal(press(KEY_BACKSPACE), LINE_EDITING);
    type("e");
    expect("hello", 2);
    test_equal(press(KEY_DELETE), LINE_EDITING);
    expect("helo", 2);
    test_equal(press(KEY_RIGHT), LINE_EDITING);
    type("l");
    expect("hello", 4);
}

TEST(LIN0002, "home, end and the control keys that remove up to an end or a word work", ALWAYS)
{
    editor_start(80);
    type("one two  three");
    test_equal(press(KEY_CONTROL('W')), LINE_EDITING);
    expect("one two  ", 9);
    test_equal(press(KEY_CONTROL('W')), LINE_EDITING);
    expect("one ", 4);
    type("four");
    test_equal(press(KEY_HOME), LINE_EDITING);
    type("x");
    expect("xone four", 1);
    test_equal(press(KEY_CONTROL('E')), LINE_EDITING);
    test_equal(press(KEY_CONTROL('B')), LINE_EDITING);
    test_equal(press(KEY_CONTROL('K')), LINE_EDITING);
    expect("xone fou", 8);
    test_equal(press(KEY_CONTROL('A')), LINE_EDITING);
    test_equal(press(KEY_CONTROL('F')), LINE_EDITING);
    test_equal(press(KEY_CONTROL('U')), LINE_EDITING);
    expect("one fou", 0);
    test_equal(press(KEY_END), LINE_EDITING);
    expect("one fou", 7);
}

TEST(LIN0003, "keys at the ends of the line change nothing", ALWAYS)
{
    editor_start(80);
    static const int keys[] = {KEY_LEFT,
                               KEY_BACKSPACE,
                               KEY_RIGHT,
                               KEY_DELETE,
                               KEY_CONTROL('K'),
                               KEY_CONTROL('U'),
                               KEY_CONTROL('W'),
                               KEY_UP,
                               KEY_DOWN,
                               KEY_PAGE_UP,
                               KEY_NONE,
                               0x7f,
                               0,
                               KEY_CONTROL('Z')};
    for (size_t i = 0; i < array_length(keys); i++) {
        test_equal(press(keys[i]), LINE_EDITING);
        expect("", 0);
    }
    type("a");
    test_equal(press(KEY_RIGHT), LINE_EDITING);
    test_equal(press(KEY_DELETE), LINE_EDITING);
    expect("a", 1);
}

TEST(LIN0004, "the history moves back and forth and restores the draft", ALWAYS)
{
    editor_start(80);
    enter("first");
    enter("second");
    enter("second");
    enter("   ");
    type("draft");
    test_equal(press(KEY_UP), LINE_EDITING);
    expect("second", 6);
    test_equal(press(KEY_UP), LINE_EDITING);
    expect("first", 5);
    test_equal(press(KEY_UP), LINE_EDITING);
    expect("first", 5);
    test_equal(press(KEY_DOWN), LINE_EDITING);
    test_equal(press(KEY_DOWN), LINE_EDITING);
    expect("draft", 5);
    test_equal(press(KEY_DOWN), LINE_EDITING);
    expect("draft", 5);
}

TEST(LIN0005, "the history keeps the last 16 lines, and editing one leaves it as it was", ALWAYS)
{
    editor_start(80);
    char line[] = "line a";
    for (unsigned i = 0; i < 20; i++) {
        line[5] = (char)('a' + i);
        enter(line);
    }
    for (unsigned i = 0; i < 30; i++) {
        test_equal(press(KEY_UP), LINE_EDITING);
    }
    expect("line e", 6);
    type("!");
    expect("line e!", 7);
    test_equal(press(KEY_DOWN), LINE_EDITING);
    expect("line f", 6);
    test_equal(press(KEY_UP), LINE_EDITING);
    expect("line e", 6);
}

TEST(LIN0006, "Tab completes an unambiguous word and lists the choices of an ambiguous one", ALWAYS)
{
    editor_start(80);
    type("h\t");
    expect("help ", 5);
    type("\t");
    test_equal(terminal.bells, 1);
    test_equal(press(KEY_CONTROL('U')), LINE_EDITING);
    type("ma\t");
    expect("mag", 3);
    test_equal(terminal.lines, 0);
    type("\t");
    test_equal(terminal.lines, 2);
    expect("mag", 3);
    type("n\t");
    expect("magnify ", 8);
    test_equal(press(KEY_CONTROL('U')), LINE_EDITING);
    type("zz\t");
    test_equal(terminal.bells, 2);
    expect("zz", 2);
}

TEST(LIN0007, "a line longer than the terminal moves through a window", ALWAYS)
{
    editor_start(20);
    type("abcdefghijklmnopqrstuvwxyz");
    test_equal(editor.length, 26);
    test_equal(terminal.column, 19);
    test_check(string_equal(terminal.line, "> jklmnopqrstuvwxyz"));
    test_equal(press(KEY_HOME), LINE_EDITING);
    test_check(string_equal(terminal.line, "> abcdefghijklmnopq"));
    test_equal(terminal.column, 2);
    test_equal(press(KEY_END), LINE_EDITING);
    test_equal(press(KEY_BACKSPACE), LINE_EDITING);
    test_check(string_equal(editor.text, "abcdefghijklmnopqrstuvwxy"));
    test_check(terminal.column <= 19);
}

TEST(LIN0008, "a full line takes no more characters and rings the bell", ALWAYS)
{
    editor_start(80);
    for (unsigned i = 0; i < LINE_BYTES + 10; i++) {
        test_equal(press('x'), LINE_EDITING);
    }
    test_equal(editor.length, LINE_BYTES - 1);
    test_equal(strlen(editor.text), LINE_BYTES - 1);
    test_equal(terminal.bells, 11);
    test_equal(press(KEY_ENTER), LINE_DONE);
}

TEST(LIN0011, "a line of which a part was lost is not done, and the next one is", ALWAYS)
{
    editor_start(80);
    type("power");
    test_equal(press(KEY_LOST), LINE_EDITING);
    type("off");
    test_equal(press(KEY_ENTER), LINE_DAMAGED);
    line_editor_begin(&editor);
    test_equal(press(KEY_UP), LINE_EDITING);
    expect("", 0);
    type("help");
    test_equal(press(KEY_ENTER), LINE_DONE);
}

TEST(LIN0009, "control-C drops the line, control-L redraws it", ALWAYS)
{
    editor_start(80);
    type("junk");
    test_equal(press(KEY_CONTROL('C')), LINE_CANCELLED);
    line_editor_begin(&editor);
    expect("", 0);
    test_equal(press(KEY_UP), LINE_EDITING);
    expect("", 0);
    type("kept");
    memset(terminal.line, 0, sizeof(terminal.line));
    test_equal(press(KEY_CONTROL('L')), LINE_EDITING);
    expect("kept", 4);
}

TEST(LIN0012, "control-D ends an empty line, and deletes a character of another", ALWAYS)
{
    editor_start(80);
    test_equal(press(KEY_CONTROL('D')), LINE_END);
    expect("", 0);
    type("ab");
    test_equal(press(KEY_CONTROL('D')), LINE_EDITING);
    expect("ab", 2);
    test_equal(press(KEY_HOME), LINE_EDITING);
    test_equal(press(KEY_CONTROL('D')), LINE_EDITING);
    expect("b", 0);
    test_equal(press(KEY_CONTROL('D')), LINE_EDITING);
    expect("", 0);
    test_equal(press(KEY_CONTROL('D')), LINE_END);
}

TEST(LIN0010, "a long random run of keys never leaves the line's bounds", ALWAYS)
{
    static const int keys[] = {'a',
                               ' ',
                               'm',
                               KEY_LEFT,
                               KEY_RIGHT,
                               KEY_UP,
                               KEY_DOWN,
                               KEY_HOME,
                               KEY_END,
                               KEY_BACKSPACE,
                               KEY_TAB,
                               KEY_DELETE,
                               'x',
                               KEY_CONTROL('K'),
                               KEY_CONTROL('U'),
                               KEY_ENTER,
                               'y',
                               'z',
                               KEY_CONTROL('W'),
                               KEY_CONTROL('C'),
                               KEY_CONTROL('D'),
                               'w'};
    uint32_t random = 12345;
    editor_start(24);
    for (unsigned i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        if (press(keys[(random >> 16) % array_length(keys)]) != LINE_EDITING) {
            line_editor_begin(&editor);
        }
        if (editor.cursor > editor.length || editor.length >= LINE_BYTES ||
            strlen(editor.text) != editor.length || terminal.column > 24) {
            test_fail(__FILE__, __LINE__, "after key %u: cursor %zu, length %zu, column %zu", i,
                      editor.cursor, editor.length, terminal.column);
            return;
        }
    }
}
