/* Keys from scan codes (PS/2 keyboard) and from escape sequences (serial terminal). */
#include "lib/escape_decoder.h"
#include "lib/scan_code.h"
#include "tests/test.h"

/* Returns the only key in these bytes; KEY_NONE if there is none, -2 if there are several. */
static int scan(struct scan_code_decoder *decoder, const char *bytes, size_t count)
{
    int found = KEY_NONE;
    for (size_t i = 0; i < count; i++) {
        int key = scan_code_decode(decoder, (uint8_t)bytes[i]);
        if (key != KEY_NONE) {
            found = found == KEY_NONE ? key : -2;
        }
    }
    return found;
}

static int unescape(struct escape_decoder *decoder, const char *bytes, size_t count)
{
    int found = KEY_NONE;
    for (size_t i = 0; i < count; i++) {
        int key = escape_decode(decoder, (uint8_t)bytes[i]);
        if (key != KEY_NONE) {
            found = found == KEY_NONE ? key : -2;
        }
    }
    return found;
}

#define scan_equal(bytes, key)     test_equal(scan(&scan_codes, bytes, sizeof(bytes) - 1), key)
#define unescape_equal(bytes, key) test_equal(unescape(&escapes, bytes, sizeof(bytes) - 1), key)

TEST(KBD0001, "letters, digits and signs are decoded, with and without shift", ALWAYS)
{
    struct scan_code_decoder scan_codes = {0};
    scan_equal("\x1e\x9e", 'a');
    scan_equal("\x2a\x1e\x9e", 'A');
    scan_equal("\x03\x83", '@');
    scan_equal("\xaa\x03\x83", '2');
    scan_equal("\x36\x35\xb5", '?');
    scan_equal("\xb6\x35", '/');
    scan_equal("\x39", ' ');
    scan_equal("\x1c", KEY_ENTER);
    scan_equal("\x0e", KEY_BACKSPACE);
    scan_equal("\x0f", KEY_TAB);
    scan_equal("\x2b", '\\');
    scan_equal("\x29", '`');
}

TEST(KBD0002, "caps lock affects letters only, and shift reverses it", ALWAYS)
{
    struct scan_code_decoder scan_codes = {0};
    scan_equal("\x3a\xba", KEY_NONE);
    scan_equal("\x10", 'Q');
    scan_equal("\x02", '1');
    scan_equal("\x2a\x10", 'q');
    scan_equal("\xaa\x3a\xba\x10", 'q');
}

TEST(KBD0003, "control with a letter or ] is decoded, with either control key", ALWAYS)
{
    struct scan_code_decoder scan_codes = {0};
    scan_equal("\x1d\x2e", KEY_CONTROL('C'));
    scan_equal("\x9d\x2e", 'c');
    scan_equal("\xe0\x1d\x1e", KEY_CONTROL('A'));
    scan_equal("\x1b", KEY_CONTROL(']'));
    scan_equal("\xe0\x9d\x1b", ']');
    scan_equal("\x1e", 'a');
}

TEST(KBD0004, "arrows and editing keys are decoded, also within the shifts that keyboards add",
     ALWAYS)
{
    struct scan_code_decoder scan_codes = {0};
    scan_equal("\xe0\x48\xe0\xc8", KEY_UP);
    scan_equal("\xe0\x2a\xe0\x4b\xe0\xcb\xe0\xaa", KEY_LEFT);
    scan_equal("\x1e", 'a');
    scan_equal("\xe0\x53", KEY_DELETE);
    scan_equal("\xe0\x47", KEY_HOME);
    scan_equal("\xe0\x4f", KEY_END);
    scan_equal("\xe0\x1c", KEY_ENTER);
    scan_equal("\xe0\x35", '/');
    scan_equal("\x48", KEY_UP);
    scan_equal("\x45\xc5\x48", '8');
    scan_equal("\xe0\x48", KEY_UP);
}

TEST(KBD0005, "Pause and unknown keys give nothing and do not affect the next key", ALWAYS)
{
    struct scan_code_decoder scan_codes = {0};
    scan_equal("\xe1\x1d\x45\xe1\x9d\xc5", KEY_NONE);
    scan_equal("\x1e", 'a');
    scan_equal("\x3b\xbb\x57\xd7\xe0\x5b\xe0\xdb\x7f", KEY_NONE);
    scan_equal("\xfa\x1e", 'a');
    for (unsigned byte = 0; byte < 0x10000; byte++) {
        (void)scan_code_decode(&scan_codes, (uint8_t)(byte * 7 + (byte >> 8)));
    }
}

TEST(KBD0006, "the escape sequences of terminals give the same keys", ALWAYS)
{
    struct escape_decoder escapes = {0};
    unescape_equal("\x1b[A", KEY_UP);
    unescape_equal("\x1bOB", KEY_DOWN);
    unescape_equal("\x1b[1;5C", KEY_RIGHT);
    unescape_equal("\x1b[3~", KEY_DELETE);
    unescape_equal("\x1b[H", KEY_HOME);
    unescape_equal("\x1b[1~", KEY_HOME);
    unescape_equal("\x1b[4~", KEY_END);
    unescape_equal("\x1b[8~", KEY_END);
    unescape_equal("\x7f", KEY_BACKSPACE);
    unescape_equal("\x08", KEY_BACKSPACE);
    unescape_equal("q", 'q');
}

TEST(KBD0007, "Enter is one key as CR, as LF and as both", ALWAYS)
{
    struct escape_decoder escapes = {0};
    unescape_equal("\r", KEY_ENTER);
    unescape_equal("\n", KEY_NONE);
    unescape_equal("\n", KEY_ENTER);
    unescape_equal("\r\n", KEY_ENTER);
    unescape_equal("\r", KEY_ENTER);
    unescape_equal("\r", KEY_ENTER);
}

TEST(KBD0008, "broken and unknown sequences give no letters", ALWAYS)
{
    struct escape_decoder escapes = {0};
    unescape_equal("\x1b[15~", KEY_NONE);
    unescape_equal("\x1b[99999999999999~", KEY_NONE);
    unescape_equal("\x1b[1\x1b[A", KEY_UP);
    unescape_equal("\x1b\x1b[D", KEY_LEFT);
    unescape_equal("\x1b[?25h", KEY_NONE);
    unescape_equal("\xff\x80\x00", KEY_NONE);
    unescape_equal("\x1b[5\r", KEY_ENTER);
    unescape_equal("z", 'z');
}
