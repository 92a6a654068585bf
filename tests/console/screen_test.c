/* The text screen's cells: writing, scrolling, colours, and how few cells are drawn. */
#include "lib/font.h"
#include "lib/screen.h"
#include "lib/string.h"
#include "tests/test.h"

#define COLUMNS 10
#define ROWS    4

static struct screen screen;
static struct screen_cell display[ROWS][COLUMNS];
static unsigned cells_drawn, cursor_column, cursor_row;

static void display_draw(unsigned column, unsigned row, struct screen_cell cell, bool cursor)
{
    if (column >= COLUMNS || row >= ROWS) {
        test_fail(__FILE__, __LINE__, "drawn outside: column %u, row %u", column, row);
        return;
    }
    display[row][column] = cell;
    cells_drawn++;
    if (cursor) {
        cursor_column = column;
        cursor_row = row;
    }
}

static void start(void)
{
    memset(display, 0, sizeof(display));
    screen_init(&screen, COLUMNS, ROWS, display_draw);
    cells_drawn = 0;
}

static void show(const char *text)
{
    screen_write(&screen, text, strlen(text));
    screen_flush(&screen);
}

/* Checks the characters of a row on the display, without the blanks at its end. */
static void row_equal(unsigned row, const char *expected)
{
    char line[COLUMNS + 1] = {0};
    for (unsigned column = 0; column < COLUMNS; column++) {
        line[column] = (char)display[row][column].character;
    }
    for (unsigned end = COLUMNS; end > 0 && line[end - 1] == ' '; end--) {
        line[end - 1] = '\0';
    }
    if (!string_equal(line, expected)) {
        test_fail(__FILE__, __LINE__, "row %u shows \"%s\", not \"%s\"", row, line, expected);
    }
}

TEST(CON0001, "text goes to its cells, wraps, and scrolls at the end", ALWAYS)
{
    start();
    row_equal(0, "");
    show("one\ntwo\tx\n0123456789abc");
    row_equal(0, "one");
    row_equal(1, "two     x");
    row_equal(2, "0123456789");
    row_equal(3, "abc");
    show("\nlast");
    row_equal(0, "two     x");
    row_equal(3, "last");
    test_equal(cursor_column, 4);
    test_equal(cursor_row, 3);
}

TEST(CON0002, "a full row followed by a line feed leaves no empty row", ALWAYS)
{
    start();
    show("0123456789");
    test_equal(cursor_column, 9);
    show("\nnext");
    row_equal(0, "0123456789");
    row_equal(1, "next");
}

TEST(CON0003, "only changed cells are drawn", ALWAYS)
{
    start();
    show("hello");
    test_check(cells_drawn <= 7);
    cells_drawn = 0;
    show("\rhello");
    test_check(cells_drawn <= 2);
    show("\n\n\n\n");
    cells_drawn = 0;
    show("\n");
    test_check(cells_drawn <= 2);
}

TEST(CON0004, "the console's sequences change colours, erase and move the cursor", ALWAYS)
{
    start();
    show("\x1b[1;31mred\x1b[0m.");
    test_equal(display[0][0].colour, SCREEN_RED | SCREEN_BRIGHT);
    test_equal(display[0][3].colour, SCREEN_PLAIN);
    show("\rabcdef\r\x1b[3C\x1b[K");
    row_equal(0, "abc");
    test_equal(cursor_column, 3);
    show("\x1b[2;4Hx\x1b[A\x1b[2Dy");
    row_equal(0, "aby");
    show("\x1b[H\x1b[2J");
    row_equal(0, "");
    row_equal(1, "");
    test_equal(cursor_column + cursor_row, 0);
}

TEST(CON0005, "a character without a glyph becomes one box, and broken sequences do no harm",
     ALWAYS)
{
    start();
    show("a\xc3\xa4z\xe2\x96\x88");
    test_equal(display[0][1].character, SCREEN_BOX);
    test_equal(display[0][2].character, 'z');
    test_equal(display[0][3].character, SCREEN_BOX);
    test_equal(display[0][4].character, ' ');
    uint32_t random = 99;
    static const char bytes[] = "\x1b[;0123456789ABCDGHJKm\n\r\b\tx\x80\xff";
    for (unsigned i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        screen_write(&screen, &bytes[(random >> 16) % (sizeof(bytes) - 1)], 1);
        if (i % 16 == 0) {
            screen_flush(&screen);
        }
    }
    screen_flush(&screen);
    test_check(cursor_column < COLUMNS && cursor_row < ROWS);
}

TEST(CON0006, "the font has a distinct glyph for every printable character", ALWAYS)
{
    for (unsigned left = FONT_FIRST; left <= FONT_LAST; left++) {
        unsigned rows = 0;
        for (unsigned row = 0; row < FONT_ROWS; row++) {
            rows += font_row((uint8_t)left, row) != 0;
        }
        test_equal(rows == 0, left == ' ');
        for (unsigned right = left + 1; right <= FONT_LAST; right++) {
            test_check(memcmp(font_glyphs[left - FONT_FIRST], font_glyphs[right - FONT_FIRST],
                              sizeof(font_glyphs[0])) != 0);
        }
    }
    test_equal(font_row(0xff, 2), font_row(SCREEN_BOX, 2));
}
