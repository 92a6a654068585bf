/*
 * Turns the bytes that a terminal sends into keys: arrow and editing keys arrive as sequences that
 * begin with ESC (ECMA-48 "CSI", and the VT100's "SS3"). The caller guards the decoder.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/key.h"

struct escape_decoder {
    enum { ESCAPE_GROUND, ESCAPE_STARTED, ESCAPE_CSI, ESCAPE_SS3 } state;
    unsigned parameter; /* the first number of a CSI sequence */
    bool parameter_done;
    bool after_return; /* the last byte was "\r": a "\n" now is the same Enter */
};

/*
 * Takes one byte. Returns the key that it completes, or KEY_NONE. An all-zero decoder is ready for
 * use. Context: ANY.
 */
int escape_decode(struct escape_decoder *decoder, uint8_t byte);
