/* See pages.h. */
#include "user/lib/pages.h"

#include "user/lib/fatal.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

int pages_map(uint32_t memory, size_t offset, size_t bytes, uint64_t rights, void **pages)
{
    const struct memory_mapping mapping = {.bytes = bytes, .offset = offset, .rights = rights};
    int64_t at =
        sys_memory_map(program_start.handles[PROGRAM_HANDLE_TASK], memory, (uintptr_t)&mapping);

    if (at < 0) {
        return (int)at;
    }
    *pages = (void *)(uintptr_t)at;
    return OK;
}

int pages_allocate(size_t bytes, void **pages)
{
    int64_t memory = sys_memory_create(program_start.handles[PROGRAM_HANDLE_TASK], bytes);
    int error;

    if (memory < 0) {
        return (int)memory;
    }
    error = pages_map((uint32_t)memory, 0, bytes, RIGHT_READ | RIGHT_WRITE, pages);
    ignore_result(sys_handle_close((uint64_t)memory)); /* opened above */
    return error;
}

void pages_free(void *pages, size_t bytes)
{
    int64_t error =
        sys_memory_unmap(program_start.handles[PROGRAM_HANDLE_TASK], (uintptr_t)pages, bytes);

    if (error != OK) {
        fatal("pages_free(%p, %zu): %s", pages, bytes, error_name((int)error));
    }
}
