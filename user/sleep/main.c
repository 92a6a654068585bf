/* sleep SECONDS: waits; SECONDS may have a fraction. */
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/sleep.h"

#define NS_PER_SECOND 1000000000UL
#define SECONDS_MOST  1000000000UL

/* Reads a number with a fraction, as nanoseconds. Returns whether it is one. */
static bool seconds_parse(const char *text, uint64_t *ns)
{
    uint64_t whole = 0, unit = NS_PER_SECOND;
    bool fraction = false, digits = false;

    *ns = 0;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (*text < '0' || *text > '9' || whole > SECONDS_MOST) {
            return false;
        }
        uint64_t digit = (uint64_t)(*text - '0');
        digits = true;
        if (fraction) {
            unit /= 10;
            *ns += digit * unit;
        } else {
            whole = whole * 10 + digit;
        }
    }
    *ns += whole * NS_PER_SECOND;
    return digits && whole <= SECONDS_MOST;
}

int main(unsigned count, char **words)
{
    uint64_t ns;

    if (count != 2 || !seconds_parse(words[1], &ns)) {
        complain("usage: sleep SECONDS");
        return 2;
    }
    return sleep_ns(ns);
}
