/*
 * mallocbench [TIMES [THREADS]]: allocates and frees blocks of random sizes, in several threads at
 * once, and checks that each block keeps its bytes. Prints the mean of one step.
 */
#include "lib/number.h"
#include "lib/random.h"
#include "lib/string.h"
#include "user/lib/malloc.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/stream.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define TIMES_DEFAULT   20000
#define TIMES_MOST      100000000
#define THREADS_DEFAULT 2
#define THREADS_MOST    16
#define BLOCKS          256  /* of each thread, at once */
#define BYTES_MOST      2048 /* of a block */

static uint64_t times = TIMES_DEFAULT, thread_count = THREADS_DEFAULT;

struct worker {
    struct thread thread;
    unsigned number;
    struct block {
        uint8_t *data;
        size_t bytes;
    } blocks[BLOCKS];
};

static struct worker workers[THREADS_MOST];

/* Frees a block, or makes one. Returns whether what was in it was sound. */
static bool step(struct block *block, struct random *random, uint8_t mark)
{
    bool sound;

    if (block->data == NULL) {
        block->bytes = 1 + random_below(random, BYTES_MOST);
        block->data = malloc(block->bytes);
        if (block->data != NULL) { /* else there is no room now */
            block->data[0] = block->data[block->bytes - 1] = mark;
        }
        return true;
    }
    sound = block->data[0] == mark && block->data[block->bytes - 1] == mark;
    free(block->data);
    block->data = NULL;
    return sound;
}

static int work(void *argument)
{
    struct worker *worker = argument;
    struct random random;
    int wrong = 0;

    random_begin(&random, 1, worker->number);
    for (uint64_t i = 0; i < times; i++) {
        wrong +=
            !step(&worker->blocks[random_below(&random, BLOCKS)], &random, (uint8_t)worker->number);
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        free(worker->blocks[i].data);
    }
    return wrong;
}

/* Reads the arguments. Returns whether they are right. */
static bool arguments_read(unsigned count, char **words)
{
    return count <= 3 &&
           (count < 2 ||
            (number_parse_u64(words[1], &times) == OK && times > 0 && times <= TIMES_MOST)) &&
           (count < 3 || (number_parse_u64(words[2], &thread_count) == OK && thread_count > 0 &&
                          thread_count <= THREADS_MOST));
}

int main(unsigned count, char **words)
{
    unsigned started = 0;
    int wrong = 0;

    if (!arguments_read(count, words)) {
        complain("usage: mallocbench [TIMES [THREADS]]");
        return 2;
    }
    uint64_t begin = (uint64_t)sys_clock_read();
    while (started < thread_count) {
        workers[started].number = started;
        if (thread_create(&workers[started].thread, work, &workers[started], NULL) != OK) {
            break;
        }
        started++;
    }
    for (unsigned i = 0; i < started; i++) {
        wrong += thread_join(&workers[i].thread);
    }
    uint64_t ns = (uint64_t)sys_clock_read() - begin;
    if (started < thread_count || wrong != 0) {
        complain("%u of %lu threads ran, %d blocks were wrong", started, thread_count, wrong);
        return 1;
    }
    return stream_print(stream_output(), "BENCH mallocbench %lu ns\n", ns / (times * thread_count));
}
