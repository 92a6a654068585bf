/* See victim.h. */
#include "user/service/victim.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/bytes_protocol.h"
#include "user/files_protocol.h"
#include "user/lib/pages.h"
#include "user/lib/program.h"
#include "user/lib/service.h"
#include "user/names_protocol.h"
#include "user/pager_protocol.h"
#include "user/syscalls.h"

static int64_t names_call(uint32_t names)
{
    uint32_t found;
    int64_t error = names_find(names, 0, "files", strlen("files"), &found);

    if (error >= 0) {
        ignore_result(sys_handle_close(found)); /* it is this program's own */
    }
    return error == ERROR_NOT_FOUND ? OK : error; /* a new name service is told the names later */
}

static int64_t files_call(uint32_t files)
{
    uint64_t used, quota;

    return files_space(files, &used, &quota);
}

static int64_t pager_call(uint32_t pager)
{
    uint32_t region;
    int64_t error = pager_anonymous(pager, PAGE_BYTES, &region);

    if (error >= 0) {
        ignore_result(sys_handle_close(region)); /* it is this program's own */
    }
    return error;
}

static int64_t console_call(uint32_t console)
{
    uint64_t written;

    return bytes_write(console, 0, "", 0, &written);
}

static const struct victim victims[] = {
    {"names", names_call},
    {"files", files_call},
    {"pager", pager_call},
    {"console", console_call},
};

int victim_find(const char *name, const struct victim **victim, uint32_t *service)
{
    for (unsigned i = 0; i < array_length(victims); i++) {
        if (string_equal(victims[i].name, name)) {
            *victim = &victims[i];
            *service = program_start.handles[PROGRAM_HANDLE_NAMES];
            return i == 0 ? OK : service_find(name, service);
        }
    }
    return ERROR_NOT_FOUND;
}
