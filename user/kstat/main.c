/* kstat: the kernel's counters, and what each means. */
#include "lib/error.h"
#include "lib/information.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/stream.h"
#include "user/syscalls.h"

#define NS_PER_MS 1000000UL

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    struct information now = {0};
    int64_t read = sys_information_read(program_start.handles[PROGRAM_HANDLE_INFORMATION],
                                        (uintptr_t)&now, sizeof(now));

    if (read < 0) {
        complain("kstat: %s", error_name((int)read));
        return 1;
    }
    const struct {
        uint64_t value;
        const char *name, *sentence;
    } rows[] = {
        {now.clock_ns / NS_PER_MS, "uptime_ms", "milliseconds since the start"},
        {now.cpus, "cpus", "processors online"},
        {now.threads, "threads", "threads of the kernel and of programs"},
        {now.frames_total, "frames_total", "page frames of the machine"},
        {now.frames_free, "frames_free", "page frames that are free"},
        {now.page_bytes, "page_bytes", "bytes of a page"},
        {now.system_calls, "system_calls", "system calls that there are"},
    };
    int error = OK;

    for (unsigned i = 0; i < array_length(rows) && error == OK; i++) {
        error = stream_print(stream_output(), "%14lu  %-14s %s\n", rows[i].value, rows[i].name,
                             rows[i].sentence);
    }
    return error;
}
