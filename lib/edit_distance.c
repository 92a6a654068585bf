/*
 * The restricted Damerau-Levenshtein distance, by a table: entry [row][column] is the distance
 * between the first `row` characters of one word and the first `column` of the other. Each entry
 * follows from its own row and the two rows before, so three rows are kept.
 */
#include "lib/edit_distance.h"

#include "lib/string.h"

static uint8_t smaller(unsigned left, unsigned right)
{
    return (uint8_t)(left < right ? left : right);
}

unsigned edit_distance(const char *left, const char *right)
{
    uint8_t rows[3][EDIT_DISTANCE_MAX + 1];
    size_t left_length = strlen(left), right_length = strlen(right);
    if (left_length > EDIT_DISTANCE_MAX || right_length > EDIT_DISTANCE_MAX) {
        return EDIT_DISTANCE_MAX + 1;
    }
    for (size_t column = 0; column <= right_length; column++) {
        rows[0][column] = (uint8_t)column;
    }
    for (size_t row = 1; row <= left_length; row++) {
        uint8_t *here = rows[row % 3], *above = rows[(row + 2) % 3], *higher = rows[(row + 1) % 3];
        here[0] = (uint8_t)row;
        for (size_t column = 1; column <= right_length; column++) {
            char a = left[row - 1], b = right[column - 1];
            here[column] = smaller(above[column] + 1, here[column - 1] + 1);
            here[column] = smaller(here[column], above[column - 1] + (a == b ? 0 : 1));
            if (row > 1 && column > 1 && a == right[column - 2] && left[row - 2] == b) {
                here[column] = smaller(here[column], higher[column - 2] + 1);
            }
        }
    }
    return rows[left_length % 3][right_length];
}
