/* See special.h. */
#include "user/stress/special.h"

#include "lib/error.h"
#include "lib/format.h"
#include "lib/number.h"
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/stress/bomb.h"
#include "user/stress/clients.h"
#include "user/stress/files.h"
#include "user/stress/memory.h"
#include "user/stress/pipes.h"
#include "user/stress/rings.h"
#include "user/syscalls.h"

#define STATUS_WRONG   1
#define STATUS_USAGE   2
#define STATUS_NO_MORE 64 /* of the program crash: there is no way of that number */
#define NS_PER_SECOND  1000000000UL
#define SECONDS_MOST   1000000

static int asleep(uint64_t count, const char *seconds)
{
    char sleep[32];
    struct spawn_options options;
    const char *reason = NULL;
    uint32_t task;
    uint64_t made = 0;

    format_string(sleep, sizeof(sleep), "sleep %s", seconds);
    spawn_init(&options, sleep);
    while (made < count && spawn(&options, &task, &reason) == OK) {
        ignore_result(sys_handle_close(task)); /* nobody waits for it */
        made++;
    }
    printf("%lu programs sleep%s%s", made, reason != NULL ? "; no more: " : "",
           reason != NULL ? reason : "");
    return made == count ? 0 : STATUS_WRONG;
}

/* Starts a program that crashes in this way. Returns its status, or the error of the start. */
static int crash(unsigned way)
{
    char words[32];
    struct spawn_options options;
    const char *reason;
    uint32_t task;
    int error;

    format_string(words, sizeof(words), "crash %u", way);
    spawn_init(&options, words);
    spawn_pass(&options, PROGRAM_HANDLE_ARCHIVE, RIGHT_READ);
    spawn_pass(&options, PROGRAM_HANDLE_INFORMATION, RIGHTS_ALL);
    error = spawn(&options, &task, &reason);
    return error == OK ? spawn_wait(task) : error;
}

static int crashes(uint64_t count)
{
    uint64_t done = 0, wrong = 0;
    unsigned way = 0, ways = 0;

    while (done < count) {
        int status = crash(way);

        if (status == STATUS_NO_MORE && way > 0) {
            ways = way;
            way = 0;
            continue;
        }
        if (status != ERROR_FAULT) {
            complain("'crash %u' ended with status %d", way, status);
            wrong++;
        }
        done++;
        way++;
    }
    printf("%lu crashes of %u ways, %lu ended in another way than they should", done, ways, wrong);
    return wrong == 0 ? 0 : STATUS_WRONG;
}

int special_run(unsigned count, char **words)
{
    uint64_t number = 0, seconds;
    bool is_number = count > 2 && number_parse_u64(words[2], &number) == OK;

    if (count == 4 && is_number && string_equal(words[1], "asleep")) {
        return asleep(number, words[3]);
    }
    if (count == 4 && is_number && string_equal(words[1], "pipes") &&
        number_parse_range(words[3], 0, SECONDS_MOST, &seconds) == OK) {
        return pipes_storm(number, seconds);
    }
    if (count == 3 && is_number && string_equal(words[1], "crashes")) {
        return crashes(number);
    }
    if (count == 3 && is_number && number <= SECONDS_MOST && string_equal(words[1], "memory")) {
        return memory_hold(number);
    }
    if (count == 4 && is_number && number <= SECONDS_MOST && string_equal(words[1], "memory") &&
        number_parse_range(words[3], 0, SECONDS_MOST, &seconds) == OK) {
        return memory_tide(number, seconds);
    }
    if (count == 3 && is_number && string_equal(words[1], "clients")) {
        return clients_run(number);
    }
    if (count == 3 && is_number && string_equal(words[1], "files")) {
        return files_compare(number);
    }
    if (count == 3 && is_number && string_equal(words[1], "rings")) {
        return rings_run(number);
    }
    if (count == 3 && is_number && number <= SECONDS_MOST && string_equal(words[1], "bomb")) {
        return bomb_run((uint64_t)sys_clock_read() + number * NS_PER_SECOND);
    }
    if (count == 3 && is_number && string_equal(words[1], "copy")) { /* bomb_run() starts it */
        return bomb_run(number);
    }
    complain("usage: 'help stress' lists the words");
    return STATUS_USAGE;
}
