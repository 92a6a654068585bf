/*
 * float [COUNT]: computes pi with floating-point numbers, by the product of Wallis. Its first
 * thread asks for the FPU: make/user.mk lists this program among those that do.
 */
#include "lib/number.h"
#include "user/lib/print.h"
#include "user/lib/program.h"

#define COUNT_DEFAULT 100000

int main(unsigned count, char **words)
{
    uint64_t factors = COUNT_DEFAULT;
    double half = 1.0;

    if (count > 2 || (count == 2 && number_parse_u64(words[1], &factors) != 0)) {
        printf("usage: float [COUNT]\n");
        return 2;
    }
    for (uint64_t i = 1; i <= factors; i++) {
        double square = 4.0 * (double)i * (double)i;

        half *= square / (square - 1.0);
    }
    uint64_t millionths = (uint64_t)(2.0 * half * 1e6);
    printf("pi is about %lu.%06lu\n", millionths / 1000000, millionths % 1000000);
    return millionths > 3141000 && millionths < 3142000 ? 0 : 1;
}
