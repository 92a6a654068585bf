/* Memory that the pager supplies (user/protocol/pager.h): of a file, or zero. */
#pragma once

#include "lib/compiler.h"

struct paged {
    uint32_t region; /* the endpoint */
    void *memory;
    size_t bytes; /* of the file; the memory behind them, up to the page's end, is zero */
};

/*
 * Maps a file. If it `writes`, changes go to the file by paged_save(), and at the latest some time
 * after paged_unmap() or the end of the program. Errors: those of the operation `file` and of
 * memory_map_paged().
 */
must_check int paged_file_map(struct paged *paged, const char *path, bool writes);

/* Maps memory that is zero. Errors: those of the operation `anonymous` and of memory_map_paged(). */
must_check int paged_zero_map(struct paged *paged, size_t bytes);

/* Writes changed pages of a file back, and stores how many. Errors: those of the operation `save`. */
must_check int paged_save(const struct paged *paged, uint64_t *pages);

/* Unmaps the memory. */
void paged_unmap(struct paged *paged);
