/* The first program: the kernel starts it, and it starts all others. */
#include "user/lib/program.h"

int main(unsigned count, char **words)
{
    (void)words;
    return count == 0;
}
