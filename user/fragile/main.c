/*
 * A server that can be killed by a call, and its client: for the test of servers that are started
 * again.
 *
 *   fragile             the server: it answers writes, and a read ends it without an answer
 *   fragile ask NAME    writes to the service; prints the error
 *   fragile end NAME    reads from the service; prints the error
 */
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/service.h"

#define PROTOCOL_BYTES_SERVER
#include "user/bytes_protocol.h"

#define STATUS_KILLED 9

static int64_t bytes_serve_read(struct protocol_request *request maybe_unused,
                                uint64_t at maybe_unused, uint64_t most maybe_unused,
                                char *data maybe_unused, size_t *data_bytes maybe_unused)
{
    program_exit(STATUS_KILLED);
}

static int64_t bytes_serve_write(struct protocol_request *request maybe_unused,
                                 uint64_t at maybe_unused, const char *data maybe_unused,
                                 size_t data_bytes, uint64_t *written)
{
    *written = data_bytes;
    return OK;
}

/* Calls the service, and prints the error. Returns 0 if there is none. */
static int call(bool write, const char *name)
{
    uint32_t service;
    uint64_t written;
    size_t read;
    char byte;
    int64_t error = service_find(name, &service);

    if (error == OK) {
        error = write ? bytes_write(service, 0, "x", 1, &written)
                      : bytes_read(service, 0, 1, &byte, 1, &read);
    }
    printf("%s", error_name((int)error));
    return error == OK ? 0 : 1;
}

int main(unsigned count, char **words)
{
    if (count == 3) {
        return call(string_equal(words[1], "ask"), words[2]);
    }
    return protocol_serve(program_start.handles[PROGRAM_HANDLE_PARENT], bytes_dispatch);
}
