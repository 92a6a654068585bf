/* The first program: the kernel starts it, and it starts all others. */
#include "user/lib/print.h"
#include "user/lib/program.h"

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    printf("the first program runs in ring 3");
    return 0;
}
