/* false: fails. */
#include "user/lib/program.h"

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    return 1;
}
