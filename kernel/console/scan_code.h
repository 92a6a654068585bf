/*
 * Scan code set 1 as the PS/2 controller delivers it (translation on), US layout, turned into keys.
 * Pure logic; any context, the caller guards the decoder.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/key.h"

struct scan_code_decoder {
    bool extended; /* the last byte was 0xe0 */
    uint8_t skip;  /* bytes of the Pause key still to come */
    bool shift_left;
    bool shift_right;
    bool control_left;
    bool control_right;
    bool caps_lock;
    bool num_lock;
};

/* The key that this byte presses, or KEY_NONE. An all-zero decoder is ready for use. */
int scan_code_decode(struct scan_code_decoder *decoder, uint8_t byte);
