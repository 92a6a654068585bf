/*
 * A state machine over the bytes of a terminal. An unknown sequence is skipped as a whole, so that
 * an unknown key never leaves letters in the line.
 */
#include "lib/escape_decoder.h"

#define ESCAPE        0x1b
#define DELETE        0x7f
#define PARAMETER_MAX 999

/* Keys of the form ESC [ LETTER and ESC O LETTER. */
static int letter_key(uint8_t letter)
{
    switch (letter) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return KEY_RIGHT;
    case 'D':
        return KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    case 'M':
        return KEY_ENTER; /* of the numeric pad */
    default:
        return KEY_NONE;
    }
}

/* Keys of the form ESC [ NUMBER ~. */
static int number_key(unsigned number)
{
    switch (number) {
    case 1:
    case 7:
        return KEY_HOME;
    case 4:
    case 8:
        return KEY_END;
    case 3:
        return KEY_DELETE;
    case 5:
        return KEY_PAGE_UP;
    case 6:
        return KEY_PAGE_DOWN;
    default:
        return KEY_NONE;
    }
}

static int ground_key(struct escape_decoder *decoder, uint8_t byte)
{
    bool after_return = decoder->after_return;
    decoder->after_return = byte == '\r';
    decoder->state = ESCAPE_GROUND;
    if (byte == ESCAPE) {
        decoder->state = ESCAPE_STARTED;
        return KEY_NONE;
    }
    if (byte == '\r') {
        return KEY_ENTER;
    }
    if (byte == '\n' && after_return) {
        return KEY_NONE;
    }
    if (byte == DELETE) {
        return KEY_BACKSPACE;
    }
    return byte == 0 || byte > DELETE ? KEY_NONE : byte;
}

static int sequence_key(struct escape_decoder *decoder, uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        if (!decoder->parameter_done && decoder->parameter <= PARAMETER_MAX) {
            decoder->parameter = decoder->parameter * 10 + (byte - '0');
        }
        return KEY_NONE;
    }
    if (byte == ';') {
        decoder->parameter_done = true;
        return KEY_NONE;
    }
    if (byte == ESCAPE || byte < 0x20) {
        return ground_key(decoder, byte); /* the sequence was broken off */
    }
    if (byte < 0x40) {
        return KEY_NONE; /* an intermediate byte */
    }
    decoder->state = ESCAPE_GROUND;
    return byte == '~' ? number_key(decoder->parameter) : letter_key(byte);
}

int escape_decode(struct escape_decoder *decoder, uint8_t byte)
{
    switch (decoder->state) {
    case ESCAPE_STARTED:
        if (byte == '[' || byte == 'O') {
            decoder->state = byte == '[' ? ESCAPE_CSI : ESCAPE_SS3;
            decoder->parameter = 0;
            decoder->parameter_done = false;
            return KEY_NONE;
        }
        return ground_key(decoder, byte);
    case ESCAPE_CSI:
    case ESCAPE_SS3:
        return sequence_key(decoder, byte);
    case ESCAPE_GROUND:
    default:
        return ground_key(decoder, byte);
    }
}
