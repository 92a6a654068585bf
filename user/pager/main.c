/*
 * The pager server (user/protocol/pager.h). The badge 0 is the service itself; each region has an
 * endpoint and a thread of its own, so a client that waits for a file delays no other region.
 */
#include "lib/error.h"
#include "lib/string.h"
#include "user/files_protocol.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/service.h"
#include "user/pager/region.h"
#include "user/protocol/files.h"
#include "user/syscalls.h"

#define PROTOCOL_PAGER_SERVER
#include "user/pager_protocol.h"

static int64_t pager_serve_anonymous(struct protocol_request *request, uint64_t bytes,
                                     uint32_t *region)
{
    const struct region_source source = {.bytes = bytes};

    return request->badge != 0 ? ERROR_INVALID : region_make(&source, region);
}

/* Opens a file, and makes a region of it. */
static int64_t file_open(const char *path, bool writes, uint32_t *region, uint64_t *size)
{
    struct region_source source = {.writes = writes, .path = path};
    uint32_t files;
    int64_t error = service_find("files", &files);

    if (error != OK) {
        return error;
    }
    error = files_open(files, writes ? FILES_WRITE : 0, path, strlen(path), &source.file, size);
    ignore_result(sys_handle_close(files)); /* it is this program's own */
    if (error != OK) {
        return error;
    }
    source.bytes = *size;
    return region_make(&source, region);
}

static int64_t pager_serve_file(struct protocol_request *request, uint64_t writes, const char *path,
                                size_t path_bytes, uint32_t *region, uint64_t *size)
{
    char copy[FILES_PATH_BYTES + 1];
    int error;

    if (request->badge != 0 || writes > 1 || memchr(path, '\0', path_bytes) != NULL) {
        return ERROR_INVALID;
    }
    if (path_bytes >= sizeof(copy)) {
        return ERROR_TOO_LONG;
    }
    memcpy(copy, path, path_bytes);
    copy[path_bytes] = '\0';
    error = region_find(copy, writes != 0, region, size);
    return error == ERROR_NOT_FOUND ? file_open(copy, writes != 0, region, size) : error;
}

static int64_t pager_serve_memory(struct protocol_request *request, uint32_t *memory,
                                  uint64_t *bytes)
{
    request->answer_handle_is_lent = true;
    return region_memory(request->badge, memory, bytes);
}

static int64_t pager_serve_save(struct protocol_request *request, uint64_t *pages)
{
    return region_save(request->badge, pages);
}

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    int error;

    region_dispatch_set(pager_dispatch);
    error = protocol_serve(program_start.handles[PROGRAM_HANDLE_PARENT], pager_dispatch);
    printf("it ends: %s", error_name(error));
    return error == ERROR_PEER_DIED ? 0 : 1;
}
