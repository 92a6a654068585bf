/* See instruction_path.h. */
#include "tests/support/instruction_path.h"

#define INSTRUCTIONS_MOST 400

static uintptr_t path[INSTRUCTIONS_MOST];
static unsigned count;

void instruction_path_clear(void)
{
    count = 0;
}

void instruction_path_add(uintptr_t rip)
{
    for (unsigned i = 0; i < count; i++) {
        if (path[i] == rip) {
            return;
        }
    }
    if (count < INSTRUCTIONS_MOST) {
        path[count++] = rip;
    }
}

unsigned instruction_path_count(void)
{
    return count;
}

uintptr_t instruction_path_at(unsigned index)
{
    return path[index];
}
