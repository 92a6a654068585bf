/* The styles of text on the console: each is a colour on the screen and on the serial line. */
#pragma once

enum console_style {
    CONSOLE_PLAIN,
    CONSOLE_DIM,
    CONSOLE_HEADING,
    CONSOLE_GOOD,
    CONSOLE_WARNING,
    CONSOLE_ERROR,
};
