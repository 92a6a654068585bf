/*
 * Turns scan codes of set 1, as the PS/2 controller delivers them (translation on), into keys of
 * the US layout. The caller guards the decoder.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/key.h"

struct scan_code_decoder {
    bool extended; /* the last byte was 0xe0 */
    uint8_t skip;  /* bytes of the Pause key that are still to come and are ignored */
    bool shift_left;
    bool shift_right;
    bool control_left;
    bool control_right;
    bool caps_lock;
    bool num_lock;
};

/*
 * Takes one byte. Returns the key that it says was pressed, or KEY_NONE. A zeroed decoder is ready
 * for use. Context: ANY.
 */
int scan_code_decode(struct scan_code_decoder *decoder, uint8_t byte);
