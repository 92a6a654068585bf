/* See paged.h. */
#include "user/lib/paged.h"

#include "lib/string.h"
#include "user/lib/pages.h"
#include "user/lib/program.h"
#include "user/lib/service.h"
#include "user/pager_protocol.h"
#include "user/syscalls.h"

#define ANSWER_LIMIT_NS 10000000000UL /* that the pager may take for a page */

/* Asks the region for its memory, and maps it with these rights. */
static int region_attach(struct paged *paged, unsigned rights)
{
    struct memory_mapping mapping = {.rights = rights};
    uint32_t memory;
    uint64_t bytes;
    int64_t result = pager_memory(paged->region, &memory, &bytes);

    if (result < 0) {
        return (int)result;
    }
    mapping.bytes = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    result = sys_memory_map_paged(program_start.handles[PROGRAM_HANDLE_TASK], memory,
                                  (uintptr_t)&mapping, paged->region, ANSWER_LIMIT_NS);
    ignore_result(sys_handle_close(memory)); /* it is this program's own */
    paged->memory = result > 0 ? (void *)(uintptr_t)result : NULL;
    paged->bytes = bytes;
    return result < 0 ? (int)result : OK;
}

/* Maps the region that the pager has answered with, or gives it back. */
static int region_use(struct paged *paged, int64_t error, unsigned rights)
{
    if (error == OK) {
        error = region_attach(paged, rights);
        if (error != OK) {
            ignore_result(sys_handle_close(paged->region)); /* it is this program's own */
        }
    }
    return (int)error;
}

int paged_file_map(struct paged *paged, const char *path, bool writes)
{
    uint32_t pager;
    uint64_t size;
    int64_t error = service_find("pager", &pager);

    if (error == OK) {
        error = pager_file(pager, writes, path, strlen(path), &paged->region, &size);
        ignore_result(sys_handle_close(pager)); /* it is this program's own */
    }
    return region_use(paged, error, writes ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ);
}

int paged_zero_map(struct paged *paged, size_t bytes)
{
    uint32_t pager;
    int64_t error = service_find("pager", &pager);

    if (error == OK) {
        error = pager_anonymous(pager, bytes, &paged->region);
        ignore_result(sys_handle_close(pager)); /* it is this program's own */
    }
    return region_use(paged, error, RIGHT_READ | RIGHT_WRITE);
}

int paged_save(const struct paged *paged, uint64_t *pages)
{
    int64_t error = pager_save(paged->region, pages);

    return error < 0 ? (int)error : OK;
}

void paged_unmap(struct paged *paged)
{
    pages_free(paged->memory, (paged->bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1));
    ignore_result(sys_handle_close(paged->region)); /* it is this program's own */
}
