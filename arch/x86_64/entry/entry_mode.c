/* See entry_mode.h. */
#include "arch/x86_64/entry/entry_mode.h"

bool entry_mode_fred;

void entry_mode_note(bool fred)
{
    entry_mode_fred = fred;
}
