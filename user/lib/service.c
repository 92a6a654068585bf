/* See service.h. */
#include "user/lib/service.h"

#include "lib/string.h"
#include "user/lib/program.h"
#include "user/names_protocol.h"

int service_find(const char *name, uint32_t *service)
{
    uint32_t names = program_start.handles[PROGRAM_HANDLE_NAMES];

    return names == 0 ? ERROR_NOT_FOUND : (int)names_find(names, 1, name, strlen(name), service);
}
