/* Records of the system (lib/information.h), one after the other. */
#pragma once

#include "lib/compiler.h"

#define RECORDS_BYTES 4096

/* A walk through the records of a kind. To begin one, zero it and set `kind` and `size`. */
struct records {
    uint64_t kind; /* INFORMATION_TASKS, ... */
    size_t size;   /* of a record */
    uint64_t from; /* where the next call goes on */
    size_t begin, end;
    uint8_t bytes[RECORDS_BYTES] aligned_to(8);
};

/*
 * Returns the next record, which is valid until the next call. Returns NULL behind the last record,
 * and after an error, which it has reported with complain().
 */
const void *records_next(struct records *records);
