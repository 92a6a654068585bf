/* The console server's line discipline (user/console/discipline.h). */
#include "lib/error.h"
#include "lib/string.h"
#include "tests/host/host.h"
#include "user/console/discipline.h"

#define PROMPT "> "

static struct discipline discipline;
static struct {
    unsigned lines, interrupts;
    enum console_event event; /* of the last line; 0: none since it was looked at */
    char text[LINE_BYTES];
    char shown[65536];
    size_t shown_bytes;
} seen;

static void show(void *context maybe_unused, const char *text, size_t bytes)
{
    if (seen.shown_bytes + bytes < sizeof(seen.shown)) {
        memcpy(seen.shown + seen.shown_bytes, text, bytes);
        seen.shown_bytes += bytes;
        seen.shown[seen.shown_bytes] = '\0';
    }
}

static void deliver(void *context maybe_unused, enum console_event event, const char *text,
                    size_t bytes)
{
    host_equal(seen.event, 0);
    bool fits = bytes < sizeof(seen.text);
    host_check(fits);
    if (!fits) {
        return;
    }
    seen.lines++;
    seen.event = event;
    memcpy(seen.text, text, bytes);
    seen.text[bytes] = '\0';
}

static void interrupt(void *context maybe_unused)
{
    seen.interrupts++;
}

static void begin(void)
{
    static const struct discipline_port port = {
        .write = show, .deliver = deliver, .interrupt = interrupt};

    discipline_init(&discipline, &port);
}

static void type(const char *keys)
{
    for (; *keys != '\0'; keys++) {
        discipline_key(&discipline, (uint8_t)*keys == '\r' ? KEY_ENTER : (uint8_t)*keys);
    }
}

static void expect(enum console_event event, const char *text)
{
    host_equal(seen.event, event);
    host_equal_text(seen.text, text);
    seen.event = 0;
}

static void line_begin(void)
{
    host_equal(discipline_line(&discipline, PROMPT, strlen(PROMPT)), OK);
}

HOST_TEST(HLD0001, "what is typed or pasted before a line is asked for makes the lines that follow")
{
    begin();
    type("one\rtwo\rth");
    line_begin();
    expect(CONSOLE_LINE, "one");
    line_begin();
    expect(CONSOLE_LINE, "two");
    line_begin();
    host_equal(seen.event, 0);
    host_equal(discipline_line(&discipline, PROMPT, 2), ERROR_BUSY);
    type("ree\r");
    expect(CONSOLE_LINE, "three");
}

HOST_TEST(HLD0002, "control-C ends a line, and without a line interrupts and drops what was typed")
{
    begin();
    line_begin();
    type("ab\x03");
    expect(CONSOLE_CANCELLED, "");
    host_equal(seen.interrupts, 0);
    type("junk\r\x03");
    host_equal(seen.interrupts, 1);
    line_begin();
    host_equal(seen.event, 0);
    type("\x04");
    expect(CONSOLE_END, "");
}

HOST_TEST(HLD0003, "Tab asks for candidates, and the line goes on with them")
{
    begin();
    line_begin();
    type("cat fi\tx");
    expect(CONSOLE_COMPLETE, "cat fi");
    host_equal(discipline_complete(&discipline, "", 0), OK); /* the x goes on behind it */
    host_equal(seen.event, 0);
    type("\x7f\x08\x08\t");
    expect(CONSOLE_COMPLETE, "cat f");
    host_equal(discipline_complete(&discipline, "file\nother\nfool", 15), OK);
    type("i\t");
    expect(CONSOLE_COMPLETE, "cat fi");
    host_equal(discipline_complete(&discipline, "file\nother\nfool", 15), OK);
    type("\r");
    expect(CONSOLE_LINE, "cat file ");
    host_equal(discipline_complete(&discipline, "", 0), ERROR_INVALID);
}

HOST_TEST(HLD0004, "lines without a prompt have no Tab, and stay out of the other lines' history")
{
    begin();
    line_begin();
    type("first\r");
    expect(CONSOLE_LINE, "first");
    host_equal(discipline_line(&discipline, NULL, 0), OK);
    type("\tsecret\r");
    expect(CONSOLE_LINE, "secret");
    line_begin();
    discipline_key(&discipline, KEY_UP);
    type("\r");
    expect(CONSOLE_LINE, "first");
}

HOST_TEST(HLD0005, "text that is shown during a line stands above it, and the line is shown again")
{
    begin();
    line_begin();
    type("abc");
    seen.shown_bytes = 0;
    discipline_show(&discipline, "news", 4);
    host_equal_text(seen.shown, "\r\x1b[Knews\n\r> abc\x1b[K");
    type("\r");
    expect(CONSOLE_LINE, "abc");
}

HOST_TEST(HLD0006, "a paste that is too long is noted as lost, and its line is not taken")
{
    begin();
    for (unsigned i = 0; i < 2 * DISCIPLINE_KEYS; i++) {
        discipline_key(&discipline, i % 100 == 99 ? KEY_ENTER : 'x');
    }
    host_equal(discipline_room(&discipline), 0);
    while (discipline.read != discipline.written) {
        line_begin();
        if (seen.event == 0) {
            break;
        }
        host_equal(seen.event, CONSOLE_LINE);
        seen.event = 0;
    }
    type("\r");
    expect(CONSOLE_DAMAGED, "");
    line_begin();
    type("y\r");
    expect(CONSOLE_LINE, "y");
}

HOST_TEST(HLD0007, "any keys, at any time, leave the discipline within its bounds")
{
    static const int keys[] = {'a',      ' ',      KEY_ENTER,        KEY_TAB,          KEY_UP,
                               KEY_DOWN, KEY_END,  KEY_BACKSPACE,    KEY_CONTROL('C'), KEY_LEFT,
                               KEY_LOST, KEY_NONE, KEY_CONTROL('D'), KEY_CONTROL('L')};

    begin();
    for (unsigned round = 0; round < 100000; round++) {
        seen.event = 0;
        switch (host_random_below(10)) {
        case 0:
            ignore_result(discipline_line(&discipline, host_random_below(2) == 0 ? PROMPT : NULL,
                                          host_random_below(2) * 2));
            break;
        case 1:
            ignore_result(discipline_complete(&discipline, "ab\n\naa\n", host_random_below(8)));
            break;
        case 2:
            discipline_show(&discipline, "x\n", host_random_below(3));
            break;
        case 3:
            if (host_random_below(10) == 0) {
                discipline_abandon(&discipline);
            }
            break;
        default:
            discipline_key(&discipline, keys[host_random_below(array_length(keys))]);
            break;
        }
        host_check(discipline_room(&discipline) <= DISCIPLINE_KEYS);
        host_check(discipline.prompted.length < LINE_BYTES);
        host_check(discipline.prompted.cursor <= discipline.prompted.length);
    }
    host_check(seen.lines > 1000);
}
