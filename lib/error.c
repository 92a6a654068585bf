/* Names of the error codes, for messages. No state; any context. */
#include "lib/error.h"

#include "lib/compiler.h"

static const char *const error_names[] = {
    [0] = "success",
    [1] = "out of memory",
    [2] = "invalid argument",
    [3] = "not found",
    [4] = "exists already",
    [5] = "busy",
    [6] = "timed out",
    [7] = "out of range",
    [8] = "not supported here",
    [9] = "corrupt",
    [10] = "killed while waiting",
    [11] = "would have to wait",
    [12] = "no such handle",
    [13] = "stale handle",
    [14] = "wrong type of object",
    [15] = "missing right",
    [16] = "the other side died",
    [17] = "address not accessible",
    [18] = "quota exceeded",
    [19] = "too long",
    [20] = "closed handle",
    [21] = "would wait for itself",
};

const char *error_name(int error)
{
    if (error > 0 || error <= -(int)array_length(error_names)) {
        return "unknown error";
    }
    return error_names[-error];
}
