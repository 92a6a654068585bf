/*
 * The pager: memory whose pages it supplies when they are touched. A region of it is an endpoint of
 * its own. Its client asks that for the memory, and maps the memory with the region as its pager
 * (user/lib/paged.h). A region ends when nobody has a handle to it any more. What others write to a
 * file is not seen in pages of it that a region has already.
 */
#pragma once

#include "user/protocol/protocol.h"

#define PAGER_PROTOCOL     5
#define PAGER_REGIONS      32           /* at a time */
#define PAGER_REGION_BYTES (16UL << 20) /* of the largest region */
#define PAGER_QUOTA_PAGES  2048         /* that all regions have at a time */

/* clang-format off */
#define PAGER_OPERATIONS(OPERATION) \
    OPERATION(1, anonymous, "bytes: value", "region: handle an endpoint", \
        "INVALID, QUOTA, NO_MEMORY", \
        "Makes a region of memory that is zero. ERROR_QUOTA: there are too many regions.") \
    OPERATION(2, file, "writes: value 1 if the file is to be changed, else 0; path: bytes", "region: handle an endpoint; size: value of the file, in bytes", \
        "INVALID, NOT_FOUND, NO_RIGHT, TOO_LONG, QUOTA, NO_MEMORY", \
        "Makes a region of a file; clients of the same file, and with the same `writes`, share it. ERROR_INVALID: the file is empty, or too large.") \
    OPERATION(3, memory, "", "memory: handle to be mapped with the region as its pager; bytes: value", \
        "INVALID", \
        "Asks a region for its memory, which may be mapped to read, and to write unless it is a file's that is not to be changed.") \
    OPERATION(4, save, "", "pages: value how many were written", \
        "INVALID, NOT_FOUND, QUOTA", \
        "Has a region of a file write the pages that may have changed back to it. It does that at its end, too.")
/* clang-format on */
