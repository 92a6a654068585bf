/* Storage for stack_mode.h. */
#include "mm/stack/stack_mode.h"

static enum stack_mode mode_now;

void stack_mode_set(enum stack_mode mode)
{
    mode_now = mode;
}

enum stack_mode stack_mode_get(void)
{
    return mode_now;
}
