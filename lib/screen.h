/*
 * A text screen: a grid of cells in RAM, a cursor, a colour, and the few ANSI sequences that the
 * console uses. Text changes the cells; screen_flush() then draws those that differ from the
 * display, so scrolling never reads the slow memory of the display.
 *
 * The caller guards the screen. Context of all functions: ANY; the display's memory is always
 * mapped.
 */
#pragma once

#include "lib/screen_cell.h"

#define SCREEN_COLUMNS_MAX 160
#define SCREEN_ROWS_MAX    64

struct screen {
    unsigned columns, rows;
    unsigned column, row; /* the cursor; column == columns: the next character begins a line */
    uint8_t colour;
    enum { SCREEN_TEXT, SCREEN_ESCAPE, SCREEN_SEQUENCE } state;
    unsigned parameters[4];
    unsigned parameter;
    unsigned first_row;                  /* place of row 0 in `cells`, which is a ring of rows */
    unsigned drawn_column, drawn_row;    /* where the cursor is on the display */
    unsigned changed_first, changed_end; /* rows that may differ from the display */

    /* Shows one cell; `cursor` says whether the cursor is on it. */
    void (*draw)(unsigned column, unsigned row, struct screen_cell cell, bool cursor);

    struct screen_cell cells[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX]; /* what is to be shown */
    struct screen_cell drawn[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX]; /* what the display shows */
};

/*
 * Sets up an empty screen of at most SCREEN_COLUMNS_MAX by SCREEN_ROWS_MAX, and draws every cell.
 * Context: ANY.
 */
void screen_init(struct screen *screen, unsigned columns, unsigned rows,
                 void (*draw)(unsigned, unsigned, struct screen_cell, bool));

/* Writes text into the cells; screen_flush() draws it. Context: ANY. */
void screen_write(struct screen *screen, const char *text, size_t bytes);

/* Notes that the display shows something else, so that all cells are to be drawn. Context: ANY. */
void screen_redraw(struct screen *screen);

/* Draws the cells that changed since the last call, and the cursor. Context: ANY. */
void screen_flush(struct screen *screen);

/*
 * Draws some of what screen_flush() draws: at most `most` cells, all in one row, or the cursor.
 * Returns true if everything is drawn. So a caller can draw a screen in pieces. Context: ANY.
 */
bool screen_flush_some(struct screen *screen, unsigned most);
