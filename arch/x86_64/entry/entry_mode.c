/* See entry_mode.h. */
#include "arch/x86_64/entry/entry_mode.h"

static bool active;

bool fred_is_active(void)
{
    return active;
}

void entry_mode_note(bool fred)
{
    active = fred;
}
