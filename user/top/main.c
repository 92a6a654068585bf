/*
 * top [-n TIMES] [-d SECONDS]: the threads that ran most, anew each second; TIMES 0: for ever,
 * until control-C.
 */
#include "lib/error.h"
#include "lib/information.h"
#include "lib/number.h"
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/records.h"
#include "user/lib/sleep.h"
#include "user/lib/stream.h"
#include "user/syscalls.h"

#define NS_PER_SECOND 1000000000UL
#define THREADS_MOST  4096 /* that are told apart; others have run since the start */
#define ROWS          16
#define CLEAR         "\x1b[H\x1b[2J"

static struct {
    uint32_t id;
    uint64_t cpu_ns;
} before[THREADS_MOST];
static unsigned before_count;

struct row {
    struct information_thread thread;
    uint64_t ns; /* since the last look */
};

static struct row rows[ROWS]; /* most first */
static unsigned row_count;
static unsigned thread_count;

/* Returns how long a thread had run at the last look. Both lists are in the order of the ids. */
static uint64_t ns_before(uint32_t id, unsigned *at)
{
    while (*at < before_count && before[*at].id < id) {
        (*at)++;
    }
    return *at < before_count && before[*at].id == id ? before[*at].cpu_ns : 0;
}

/* Puts a thread among the rows, if it belongs there. */
static void row_add(const struct information_thread *thread, uint64_t ns)
{
    unsigned at = row_count;

    while (at > 0 && rows[at - 1].ns < ns) {
        at--;
    }
    if (at == ROWS) {
        return;
    }
    row_count += row_count < ROWS;
    memmove(&rows[at + 1], &rows[at], (row_count - at - 1) * sizeof(rows[0]));
    rows[at].thread = *thread;
    rows[at].ns = ns;
}

static void look(void)
{
    static struct records records;
    static struct {
        uint32_t id;
        uint64_t cpu_ns;
    } now[THREADS_MOST];
    const struct information_thread *thread;
    unsigned at = 0, now_count = 0;

    records =
        (struct records){.kind = INFORMATION_THREADS, .size = sizeof(struct information_thread)};
    row_count = thread_count = 0;
    while ((thread = records_next(&records)) != NULL) {
        thread_count++;
        if (thread->task != 0 || !string_equal(thread->name, "idle")) {
            row_add(thread, thread->cpu_ns - ns_before(thread->id, &at));
        }
        if (now_count < THREADS_MOST) {
            now[now_count].id = thread->id;
            now[now_count++].cpu_ns = thread->cpu_ns;
        }
    }
    memcpy(before, now, now_count * sizeof(now[0]));
    before_count = now_count;
}

static int show(uint64_t ns, bool clears)
{
    struct information information;
    int64_t read = sys_information_read(program_start.handles[PROGRAM_HANDLE_INFORMATION],
                                        (uintptr_t)&information, sizeof(information));
    int error;

    if (read < 0) {
        return (int)read;
    }
    error = stream_print(stream_output(),
                         "%sup %lu s, %u CPUs, %u tasks, %u threads, memory: %lu of %lu MiB free\n"
                         "  thread  task  CPU%%  pages  name\n",
                         clears ? CLEAR : "", information.clock_ns / NS_PER_SECOND,
                         information.cpus, information.tasks, thread_count,
                         information.frames_free / 256, information.frames_total / 256);
    for (unsigned i = 0; i < row_count && error == OK; i++) {
        error = stream_print(stream_output(), "%8u %5u  %4lu  %5u  %s\n", rows[i].thread.id,
                             rows[i].thread.task, ns == 0 ? 0 : rows[i].ns * 100 / ns,
                             rows[i].thread.stack_pages_resident, rows[i].thread.name);
    }
    return error;
}

/* Reads the options. Returns whether they are right. */
static bool options_read(unsigned count, char **words, uint64_t *times, uint64_t *seconds)
{
    for (unsigned i = 1; i < count; i += 2) {
        bool is_times = string_equal(words[i], "-n");
        uint64_t *to = is_times ? times : string_equal(words[i], "-d") ? seconds : NULL;

        if (to == NULL || i + 1 == count || number_parse_u64(words[i + 1], to) != OK ||
            *to > UINT32_MAX) {
            return false;
        }
    }
    return true;
}

int main(unsigned count, char **words)
{
    uint64_t times = 0, seconds = 1;
    int error = OK;

    if (!options_read(count, words, &times, &seconds)) {
        complain("usage: top [-n TIMES] [-d SECONDS]");
        return 2;
    }
    look();
    for (uint64_t i = 0; error == OK && (times == 0 || i < times); i++) {
        uint64_t begin = (uint64_t)sys_clock_read();

        error = sleep_ns(seconds * NS_PER_SECOND);
        look();
        if (error == OK) {
            error = show((uint64_t)sys_clock_read() - begin, times != 1);
        }
    }
    return error;
}
