/* See pipes.h. */
#include "user/stress/pipes.h"

#include "lib/error.h"
#include "user/lib/malloc.h"
#include "user/lib/pipe.h"
#include "user/lib/print.h"
#include "user/lib/sleep.h"
#include "user/lib/thread.h"

#define STATUS_WRONG  1
#define PAIRS_MOST    1000
#define NS_PER_SECOND 1000000000UL

struct pair {
    struct pipe_end forth[2], back[2]; /* of the one thread, of the other */
    uint64_t trips;                    /* atomic */
};

/* Sends a byte, and waits for it. */
static int send(void *argument)
{
    struct pair *pair = argument;
    uint8_t byte = 0;
    int error = OK;

    while (error == OK) {
        error = pipe_end_write(&pair->forth[0], &byte, 1);
        if (error == OK && pipe_end_read(&pair->back[0], &byte, 1) != 1) {
            error = ERROR_PEER_DIED;
        }
        __atomic_fetch_add(&pair->trips, 1, __ATOMIC_RELAXED);
    }
    return error;
}

/* Sends each byte back. */
static int answer(void *argument)
{
    struct pair *pair = argument;
    uint8_t byte;
    int error = OK;

    while (error == OK && pipe_end_read(&pair->forth[1], &byte, 1) == 1) {
        error = pipe_end_write(&pair->back[1], &byte, 1);
    }
    return error;
}

/* Opens both ends of a pipe in this program. */
static int pipe_open(struct pipe_end *writer, struct pipe_end *reader)
{
    struct pipe pipe;
    int error = pipe_create(&pipe);

    if (error == OK) {
        error = pipe_end_open(writer, pipe.memory, pipe.data, pipe.room);
    }
    return error == OK ? pipe_end_open(reader, pipe.memory, pipe.data, pipe.room) : error;
}

static int pair_begin(struct pair *pair)
{
    struct thread thread;
    int error = pipe_open(&pair->forth[0], &pair->forth[1]);

    if (error == OK) {
        error = pipe_open(&pair->back[1], &pair->back[0]);
    }
    if (error == OK) {
        error = thread_create(&thread, answer, pair, NULL);
    }
    return error == OK ? thread_create(&thread, send, pair, NULL) : error;
}

int pipes_storm(uint64_t pairs, uint64_t seconds)
{
    struct pair *all = pairs <= PAIRS_MOST ? calloc(pairs, sizeof(*all)) : NULL;
    uint64_t trips = 0, idle = 0;
    int error = all == NULL ? ERROR_NO_MEMORY : OK;

    for (uint64_t i = 0; i < pairs && error == OK; i++) {
        error = pair_begin(&all[i]);
    }
    if (error == OK) {
        error = sleep_ns(seconds * NS_PER_SECOND);
    }
    if (error != OK) {
        complain("%s", error_name(error));
        return STATUS_WRONG;
    }
    for (uint64_t i = 0; i < pairs; i++) {
        uint64_t its = __atomic_load_n(&all[i].trips, __ATOMIC_RELAXED);

        trips += its;
        idle += its == 0;
    }
    printf("%lu round trips of %lu pairs, of which %lu made none", trips, pairs, idle);
    return idle == 0 ? 0 : STATUS_WRONG; /* the threads end with the program */
}
