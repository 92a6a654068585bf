/* Reads numbers from text. Text that is not wholly a number is refused. */
#include "lib/number.h"

#include "lib/error.h"

#define NOT_A_DIGIT 16

static unsigned digit_value(char character)
{
    if (character >= '0' && character <= '9') {
        return (unsigned)(character - '0');
    }
    character |= 0x20; /* to lower case */
    if (character >= 'a' && character <= 'f') {
        return (unsigned)(character - 'a') + 10;
    }
    return NOT_A_DIGIT;
}

static unsigned suffix_shift(char character)
{
    switch (character) {
    case 'k':
    case 'K':
        return 10;
    case 'm':
    case 'M':
        return 20;
    case 'g':
    case 'G':
        return 30;
    default:
        return 0;
    }
}

int number_parse_u64(const char *text, uint64_t *value)
{
    unsigned base = 10, digits = 0, shift;
    uint64_t result = 0;
    bool overflow = false;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    for (; digit_value(*text) < base; text++, digits++) {
        overflow |= __builtin_mul_overflow(result, base, &result);
        overflow |= __builtin_add_overflow(result, digit_value(*text), &result);
    }
    shift = suffix_shift(*text);
    if (shift != 0) {
        text++;
    }
    if (digits == 0 || *text != '\0') {
        return ERROR_INVALID;
    }
    if (overflow || (result << shift) >> shift != result) {
        return ERROR_RANGE;
    }
    *value = result << shift;
    return OK;
}

int number_parse_range(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *value)
{
    uint64_t result;
    int error = number_parse_u64(text, &result);

    if (error != OK) {
        return error;
    }
    if (result < minimum || result > maximum) {
        return ERROR_RANGE;
    }
    *value = result;
    return OK;
}
