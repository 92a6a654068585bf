/*
 * The file server (user/protocol/files.h). A badge of 0 is the service itself; each open file has a
 * badge of its own (opened.h).
 */
#include "lib/error.h"
#include "user/files/archive_folder.h"
#include "user/files/opened.h"
#include "user/files/serve.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/touch.h"

static int64_t dispatch(struct protocol_request *request)
{
    return (request->badge & BADGE_FILE) == 0 ? serve_files(request) : serve_opened(request);
}

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    uint32_t endpoint = program_start.handles[PROGRAM_HANDLE_PARENT];
    int error;

    program_touch();
    archive_folder_read();
    opened_begin(endpoint);
    error = protocol_serve(endpoint, dispatch);
    printf("it ends: %s", error_name(error));
    return error == ERROR_PEER_DIED ? 0 : 1;
}
