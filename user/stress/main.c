/*
 * stress [SECONDS]: starts programs at random, several at a time, which allocate, call, read files
 * and fill kernel stacks, and checks how each of them ends.
 *
 * stress asleep, pipes, crashes, memory, clients, bomb: special.h.
 */
#include "lib/error.h"
#include "lib/number.h"
#include "lib/random.h"
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/stress/special.h"
#include "user/syscalls.h"

#define NS_PER_SECOND   1000000000UL
#define SECONDS_DEFAULT 5
#define SECONDS_MOST    1000000
#define AT_ONCE         6

static const struct {
    const char *words;
    int status;
} works[] = {
    {"true", 0},        {"false", 1},           {"mallocbench 500 3", 0},
    {"ipcbench 30", 0}, {"cat /boot/shell", 0}, {"ps", 0},
    {"stacks", 0},      {"demo 20", 0},
};

static struct {
    uint32_t task; /* 0: free */
    unsigned work;
} running[AT_ONCE];

static uint64_t started, refused, wrong;

/* Starts a program without input and output. */
static void begin(unsigned place, unsigned work)
{
    struct spawn_options options;
    const char *reason;
    int error;

    spawn_init(&options, works[work].words);
    spawn_pass(&options, PROGRAM_HANDLE_NAMES, RIGHT_SEND);
    spawn_pass(&options, PROGRAM_HANDLE_ARCHIVE, RIGHT_READ);
    spawn_pass(&options, PROGRAM_HANDLE_INFORMATION, RIGHTS_ALL);
    error = spawn(&options, &running[place].task, &reason);
    if (error != OK) {
        running[place].task = 0;
        refused++;
        wrong += error != ERROR_NO_MEMORY && error != ERROR_QUOTA;
        complain("'%s' is not started: %s", works[work].words, reason);
        return;
    }
    running[place].work = work;
    started++;
}

/* Waits for the program in a place, if there is one, and looks how it ended. */
static void end(unsigned place)
{
    if (running[place].task == 0) {
        return;
    }
    int status = spawn_wait(running[place].task);
    running[place].task = 0;
    if (status != works[running[place].work].status) {
        complain("'%s' ended with status %d", works[running[place].work].words, status);
        wrong++;
    }
}

int main(unsigned count, char **words)
{
    uint64_t seconds = SECONDS_DEFAULT, begin_ns = (uint64_t)sys_clock_read();
    struct random random;

    if (count > 2) {
        return special_run(count, words);
    }
    if (count == 2 && (number_parse_u64(words[1], &seconds) != OK || seconds > SECONDS_MOST)) {
        return special_run(count, words); /* which says how it is used */
    }
    random_begin(&random, begin_ns, 0);
    while ((uint64_t)sys_clock_read() - begin_ns < seconds * NS_PER_SECOND) {
        unsigned place = random_below(&random, AT_ONCE);

        end(place);
        begin(place, random_below(&random, array_length(works)));
    }
    for (unsigned place = 0; place < AT_ONCE; place++) {
        end(place);
    }
    printf("%lu programs started, %lu refused, %lu ended in another way than they should", started,
           refused, wrong);
    return wrong == 0 ? 0 : 1;
}
