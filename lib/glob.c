/*
 * Shell patterns. When the text stops matching, the last star is made to match one character more,
 * and the part of the pattern behind the star is tried again. Earlier stars are never tried again:
 * the parts behind them have matched at the earliest place possible already.
 */
#include "lib/glob.h"

#include <stddef.h>

#include "lib/string.h"

/* A pattern that ends at `end`, not at a terminator, so that a list of patterns needs no copy. */
struct pattern {
    const char *next;
    const char *end;
};

/* The ] of the set whose [ stands at `start`, or a null pointer. A ] that comes first is literal.
 */
static const char *set_end(const char *start, const char *end)
{
    const char *place = start + 1;

    if (place < end && (*place == '!' || *place == '^')) {
        place++;
    }
    if (place < end && *place == ']') {
        place++;
    }
    while (place < end && *place != ']') {
        place++;
    }
    return place < end ? place : NULL;
}

static bool set_contains(const char *start, const char *closing, char character)
{
    const unsigned char *place = (const unsigned char *)start + 1;
    const unsigned char *last = (const unsigned char *)closing - 1;
    unsigned char wanted = (unsigned char)character;
    bool negated = *place == '!' || *place == '^';
    bool found = false;

    if (negated) {
        place++;
    }
    while (place <= last) {
        if (place + 2 <= last && place[1] == '-') {
            found |= wanted >= place[0] && wanted <= place[2];
            place += 3;
        } else {
            found |= wanted == *place++;
        }
    }
    return found != negated;
}

/* Matches one character against the next item of the pattern, which is not a star; moves past it.
 */
static bool item_matches(struct pattern *pattern, char character)
{
    const char *item = pattern->next;
    const char *closing;

    if (item == pattern->end) {
        return false;
    }
    pattern->next = item + 1;
    switch (*item) {
    case '?':
        return true;
    case '[':
        closing = set_end(item, pattern->end);
        if (closing == NULL) {
            return character == '[';
        }
        pattern->next = closing + 1;
        return set_contains(item, closing, character);
    case '\\':
        if (item + 1 < pattern->end) {
            pattern->next = item + 2;
            return character == item[1];
        }
        return character == '\\';
    default:
        return character == *item;
    }
}

static bool pattern_matches(struct pattern pattern, const char *text)
{
    struct pattern behind_star = {NULL, pattern.end};
    const char *star_text = NULL; /* the text at which the part behind the star was tried last */

    while (*text != '\0') {
        if (pattern.next < pattern.end && *pattern.next == '*') {
            pattern.next++;
            behind_star = pattern;
            star_text = text;
        } else if (item_matches(&pattern, *text)) {
            text++;
        } else if (star_text != NULL) {
            pattern = behind_star;
            text = ++star_text;
        } else {
            return false;
        }
    }
    while (pattern.next < pattern.end && *pattern.next == '*') {
        pattern.next++;
    }
    return pattern.next == pattern.end;
}

bool glob_match(const char *pattern, const char *text)
{
    return pattern_matches((struct pattern){pattern, pattern + strlen(pattern)}, text);
}

bool glob_match_any(const char *patterns, const char *text)
{
    for (;;) {
        const char *end = strchr(patterns, ',');

        if (end == NULL) {
            return glob_match(patterns, text);
        }
        if (pattern_matches((struct pattern){patterns, end}, text)) {
            return true;
        }
        patterns = end + 1;
    }
}
