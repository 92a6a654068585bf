/* Gathers what lib/information.h describes. */
#pragma once

#include "lib/information.h"

/*
 * The size of the buffer in which information_list() gathers records: enough for some records of
 * each kind.
 */
#define INFORMATION_SLICE_BYTES 4096

/* Returns the figures of the whole system. Context: THREAD. */
struct information information_totals(void);

/*
 * Fills `buffer` with records of a kind, from `from` on, as many as there are and as fit into
 * `bytes` bytes. Returns how many bytes that is, or ERROR_INVALID (there is no such kind). Walks
 * over lists release their locks between short steps. Context: THREAD.
 */
must_check int64_t information_records(uint64_t kind, uint64_t from, void *buffer, size_t bytes);
