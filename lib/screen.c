/*
 * The cells of a text screen and the part of ECMA-48 that the console sends: colours (m), erase in
 * line and in display (K, J), cursor moves (A, B, C, D, G, H).
 */
#include "lib/screen.h"

#include "lib/string.h"

#define TAB_COLUMNS   8
#define PARAMETER_MAX 9999

static void row_changed(struct screen *screen, unsigned row)
{
    if (row < screen->changed_first) {
        screen->changed_first = row;
    }
    if (row >= screen->changed_end) {
        screen->changed_end = row + 1;
    }
}

/* Returns the cells of a row of the screen. Scrolling changes `first_row` and moves no cell. */
static struct screen_cell *row_cells(struct screen *screen, unsigned row)
{
    unsigned place = screen->first_row + row;
    return screen->cells[place < screen->rows ? place : place - screen->rows];
}

static void cells_clear(struct screen *screen, unsigned row, unsigned from, unsigned to)
{
    struct screen_cell *cells = row_cells(screen, row);
    row_changed(screen, row);
    for (unsigned column = from; column < to; column++) {
        cells[column] = (struct screen_cell){' ', screen->colour};
    }
}

void screen_init(struct screen *screen, unsigned columns, unsigned rows,
                 void (*draw)(unsigned, unsigned, struct screen_cell, bool))
{
    memset(screen, 0, sizeof(*screen));
    screen->columns = columns < SCREEN_COLUMNS_MAX ? columns : SCREEN_COLUMNS_MAX;
    screen->rows = rows < SCREEN_ROWS_MAX ? rows : SCREEN_ROWS_MAX;
    screen->colour = SCREEN_PLAIN;
    screen->draw = draw;
    for (unsigned row = 0; row < screen->rows; row++) {
        cells_clear(screen, row, 0, screen->columns); /* all differ from `drawn`, which is 0 */
    }
    screen_flush(screen);
}

static void line_feed(struct screen *screen)
{
    if (screen->row + 1 < screen->rows) {
        screen->row++;
        return;
    }
    screen->first_row = screen->first_row + 1 < screen->rows ? screen->first_row + 1 : 0;
    cells_clear(screen, screen->rows - 1, 0, screen->columns);
    row_changed(screen, 0);
}

static void put_character(struct screen *screen, uint8_t character)
{
    if (screen->column >= screen->columns) {
        screen->column = 0;
        line_feed(screen);
    }
    row_changed(screen, screen->row);
    row_cells(screen, screen->row)[screen->column++] =
        (struct screen_cell){character, screen->colour};
}

/* Returns the column, or the last column of the screen if that is less. */
static unsigned column_limit(const struct screen *screen, unsigned column)
{
    return column < screen->columns ? column : screen->columns - 1;
}

static void select_colour(struct screen *screen, unsigned parameter)
{
    unsigned fore = screen->colour & 0x0f, back = screen->colour & 0xf0;
    if (parameter == 0) {
        fore = SCREEN_PLAIN;
        back = 0;
    } else if (parameter == 1) {
        fore |= SCREEN_BRIGHT;
    } else if (parameter == 22) {
        fore &= ~(unsigned)SCREEN_BRIGHT;
    } else if (parameter >= 30 && parameter <= 37) {
        fore = (fore & SCREEN_BRIGHT) | (parameter - 30);
    } else if (parameter >= 90 && parameter <= 97) {
        fore = SCREEN_BRIGHT | (parameter - 90);
    } else if (parameter == 39) {
        fore = SCREEN_PLAIN;
    } else if (parameter >= 40 && parameter <= 47) {
        back = (parameter - 40) << 4;
    } else if (parameter == 49) {
        back = 0;
    }
    screen->colour = (uint8_t)(fore | back);
}

static void erase_display(struct screen *screen, unsigned mode)
{
    unsigned from = mode == 0 ? screen->row + 1 : 0;
    if (mode == 0) {
        cells_clear(screen, screen->row, screen->column, screen->columns);
    }
    for (unsigned row = from; row < screen->rows; row++) {
        cells_clear(screen, row, 0, screen->columns);
    }
}

/* Carries out ESC [ parameters `final`; unknown ones do nothing. */
static void sequence_run(struct screen *screen, char final)
{
    unsigned first = screen->parameters[0], count = first == 0 ? 1 : first;
    unsigned column = column_limit(screen, screen->column);
    switch (final) {
    case 'A':
        screen->row -= count < screen->row ? count : screen->row;
        break;
    case 'B':
        screen->row = screen->row + count < screen->rows ? screen->row + count : screen->rows - 1;
        break;
    case 'C':
        screen->column = column_limit(screen, column + count);
        break;
    case 'D':
        screen->column = column - (count < column ? count : column);
        break;
    case 'G':
        screen->column = column_limit(screen, count - 1);
        break;
    case 'H':
        screen->row = count <= screen->rows ? count - 1 : screen->rows - 1;
        screen->column =
            column_limit(screen, screen->parameters[1] == 0 ? 0 : screen->parameters[1] - 1);
        break;
    case 'J':
        erase_display(screen, first);
        break;
    case 'K':
        cells_clear(screen, screen->row, first == 0 ? screen->column : 0,
                    first == 1 ? column + 1 : screen->columns);
        break;
    case 'm':
        for (unsigned i = 0; i <= screen->parameter && i < array_length(screen->parameters); i++) {
            select_colour(screen, screen->parameters[i]);
        }
        break;
    default:
        break;
    }
}

static void sequence_byte(struct screen *screen, char byte)
{
    if (byte >= '0' && byte <= '9') {
        if (screen->parameter < array_length(screen->parameters) &&
            screen->parameters[screen->parameter] <= PARAMETER_MAX) {
            unsigned *number = &screen->parameters[screen->parameter];
            *number = *number * 10 + (unsigned)(byte - '0');
        }
    } else if (byte == ';') {
        screen->parameter++;
    } else if (byte >= 0x40 || byte < 0x20) {
        screen->state = SCREEN_TEXT;
        sequence_run(screen, byte);
    }
}

static void text_byte(struct screen *screen, uint8_t byte)
{
    switch (byte) {
    case '\n':
        screen->column = 0;
        line_feed(screen);
        break;
    case '\r':
        screen->column = 0;
        break;
    case '\b':
        screen->column -= screen->column > 0 ? 1 : 0;
        break;
    case '\t':
        do {
            put_character(screen, ' ');
        } while (screen->column % TAB_COLUMNS != 0 && screen->column < screen->columns);
        break;
    case 0x1b:
        screen->state = SCREEN_ESCAPE;
        break;
    default:
        if (byte >= ' ' && byte <= SCREEN_BOX) {
            put_character(screen, byte);
        } else if (byte >= 0xc0) {
            put_character(screen, SCREEN_BOX); /* one box for a character of several bytes */
        }
        break;
    }
}

void screen_write(struct screen *screen, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        switch (screen->state) {
        case SCREEN_ESCAPE:
            screen->state = text[i] == '[' ? SCREEN_SEQUENCE : SCREEN_TEXT;
            memset(screen->parameters, 0, sizeof(screen->parameters));
            screen->parameter = 0;
            break;
        case SCREEN_SEQUENCE:
            sequence_byte(screen, text[i]);
            break;
        case SCREEN_TEXT:
        default:
            text_byte(screen, (uint8_t)text[i]);
            break;
        }
    }
}

void screen_redraw(struct screen *screen)
{
    memset(screen->drawn, 0, sizeof(screen->drawn)); /* no cell has character 0 */
    screen->changed_first = 0;
    screen->changed_end = screen->rows;
}

static bool cells_differ(struct screen_cell left, struct screen_cell right)
{
    return left.character != right.character || left.colour != right.colour;
}

/*
 * Draws the changed cells of a row, at most *most of them, which it lowers by their number. Returns
 * true if the whole row is drawn.
 */
static bool row_flush(struct screen *screen, unsigned row, unsigned *most)
{
    const struct screen_cell *cells = row_cells(screen, row);
    for (unsigned column = 0; column < screen->columns; column++) {
        if (!cells_differ(cells[column], screen->drawn[row][column])) {
            continue;
        }
        if (*most == 0) {
            return false;
        }
        --*most;
        screen->drawn[row][column] = cells[column];
        screen->draw(column, row, cells[column], false);
    }
    return true;
}

static void cursor_flush(struct screen *screen)
{
    unsigned column = column_limit(screen, screen->column), row = screen->row;
    unsigned old_column = screen->drawn_column, old_row = screen->drawn_row;
    screen->draw(old_column, old_row, screen->drawn[old_row][old_column], false);
    screen->draw(column, row, screen->drawn[row][column], true);
    screen->drawn_column = column;
    screen->drawn_row = row;
}

bool screen_flush_some(struct screen *screen, unsigned most)
{
    if (screen->changed_first < screen->changed_end) {
        if (row_flush(screen, screen->changed_first, &most)) {
            screen->changed_first++;
        }
        return false;
    }
    screen->changed_first = screen->rows;
    screen->changed_end = 0;
    cursor_flush(screen);
    return true;
}

void screen_flush(struct screen *screen)
{
    while (!screen_flush_some(screen, UINT32_MAX)) {
    }
}
