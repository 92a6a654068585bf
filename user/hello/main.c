/* The smallest program that does something. */
#include "user/lib/print.h"
#include "user/lib/program.h"

int main(unsigned count, char **words)
{
    printf("hello from ring 3, with %u argument%s", count - 1, count == 2 ? "" : "s");
    for (unsigned i = 1; i < count; i++) {
        printf("argument %u is %s", i, words[i]);
    }
    return 0;
}
