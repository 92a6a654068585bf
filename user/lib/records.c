/* See records.h. */
#include "user/lib/records.h"

#include "lib/error.h"
#include "lib/information.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

/*
 * Returns the number from which the walk goes on behind a record: after its id, with which records
 * of tasks and threads begin; or after its number.
 */
static uint64_t behind(const struct records *records, const void *record)
{
    bool has_id = records->kind == INFORMATION_TASKS || records->kind == INFORMATION_THREADS;

    return has_id ? *(const uint32_t *)record + 1UL : records->from + 1;
}

const void *records_next(struct records *records)
{
    if (records->begin == records->end) {
        int64_t read =
            sys_information_list(program_start.handles[PROGRAM_HANDLE_INFORMATION], records->kind,
                                 records->from, (uintptr_t)records->bytes, sizeof(records->bytes));

        if (read <= 0) {
            if (read < 0) {
                complain("information: %s", error_name((int)read));
            }
            return NULL;
        }
        records->begin = 0;
        records->end = (size_t)read;
    }
    const void *record = records->bytes + records->begin;
    records->begin += records->size;
    records->from = behind(records, record);
    return record;
}
