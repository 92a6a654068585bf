/*
 * Two tables have the characters of the keys, without and with Shift. A few other keys change the
 * state of the decoder. A byte with the highest bit set is a release. Keys are named by their place
 * on a US keyboard.
 */
#include "lib/scan_code.h"

#define RELEASED       0x80
#define PREFIX         0xe0
#define PREFIX_PAUSE   0xe1
#define PAUSE_BYTES    2 /* that follow each 0xe1 */
#define SCAN_CONTROL   0x1d
#define SCAN_LEFT      0x2a
#define SCAN_RIGHT     0x36
#define SCAN_CAPS_LOCK 0x3a
#define SCAN_NUM_LOCK  0x45
#define SCAN_PAD_FIRST 0x47
#define SCAN_PAD_LAST  0x53

static const char plain[] =
    "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
    "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

static const char pad_digits[] = "789-456+1230.";
static const int pad_keys[] = {KEY_HOME,      KEY_UP,    KEY_PAGE_UP, '-',     KEY_LEFT,
                               KEY_NONE,      KEY_RIGHT, '+',         KEY_END, KEY_DOWN,
                               KEY_PAGE_DOWN, KEY_NONE,  KEY_DELETE};

static_assert(sizeof(plain) == 0x3a + 1 && sizeof(shifted) == sizeof(plain),
              "the tables end with the space bar, 0x39");
static_assert(array_length(pad_keys) == SCAN_PAD_LAST - SCAN_PAD_FIRST + 1, "one entry a pad key");

/*
 * Notes the state of Shift, Control, Caps Lock and Num Lock. Returns true if the byte belongs to
 * one of these.
 */
static bool modifier_change(struct scan_code_decoder *decoder, uint8_t code, bool extended,
                            bool pressed)
{
    switch (code) {
    case SCAN_LEFT:
    case SCAN_RIGHT:
        if (extended) {
            return true; /* the keyboard adds these around arrow keys; ignored */
        }
        *(code == SCAN_LEFT ? &decoder->shift_left : &decoder->shift_right) = pressed;
        return true;
    case SCAN_CONTROL:
        *(extended ? &decoder->control_right : &decoder->control_left) = pressed;
        return true;
    case SCAN_CAPS_LOCK:
        decoder->caps_lock ^= pressed;
        return true;
    case SCAN_NUM_LOCK:
        decoder->num_lock ^= pressed && !extended;
        return true;
    default:
        return false;
    }
}

static int pad_key(const struct scan_code_decoder *decoder, uint8_t code, bool extended)
{
    unsigned place = code - SCAN_PAD_FIRST;
    if (decoder->num_lock && !extended) {
        return pad_digits[place];
    }
    return pad_keys[place];
}

static int character_key(const struct scan_code_decoder *decoder, uint8_t code)
{
    if (code >= sizeof(plain) - 1) {
        return KEY_NONE;
    }
    bool shift = decoder->shift_left || decoder->shift_right;
    char character = plain[code];
    bool letter = character >= 'a' && character <= 'z';
    if ((letter || character == ']') && (decoder->control_left || decoder->control_right)) {
        return KEY_CONTROL(character);
    }
    if (shift != (letter && decoder->caps_lock)) {
        character = shifted[code];
    }
    return character == '\0' || character == '\033' ? KEY_NONE : character;
}

int scan_code_decode(struct scan_code_decoder *decoder, uint8_t byte)
{
    bool extended = decoder->extended, pressed = (byte & RELEASED) == 0;
    uint8_t code = byte & (uint8_t)~RELEASED;
    if (decoder->skip > 0) {
        decoder->skip--;
        return KEY_NONE;
    }
    decoder->extended = byte == PREFIX;
    if (byte == PREFIX) {
        return KEY_NONE;
    }
    if (byte == PREFIX_PAUSE) {
        decoder->skip = PAUSE_BYTES;
        return KEY_NONE;
    }
    if (modifier_change(decoder, code, extended, pressed) || !pressed) {
        return KEY_NONE;
    }
    if (code >= SCAN_PAD_FIRST && code <= SCAN_PAD_LAST) {
        return pad_key(decoder, code, extended);
    }
    if (extended && plain[code < sizeof(plain) ? code : 0] != '\n' && code != 0x35) {
        return KEY_NONE; /* no extended key but Enter and / of the pad has a character */
    }
    return character_key(decoder, code);
}
