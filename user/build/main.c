/*
 * build DEPTH SEED: one command of a build, which starts others, as make starts compilers: up to
 * three programs of the same kind with DEPTH - 1, all at once, until DEPTH is 0. Before that its
 * system call goes down the kernel stack: most stay shallow, one in eight takes a second page, one
 * in 64 a third. The benchmark macro_build starts such trees. Status 0: all of the tree went well.
 */
#include "lib/abi.h"
#include "lib/error.h"
#include "lib/format.h"
#include "lib/number.h"
#include "lib/random.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/syscalls.h"

#define CHILDREN_MOST    3
#define PASSED_ON        (RIGHT_READ | RIGHT_DUPLICATE | RIGHT_TRANSFER)
#define STATUS_WRONG     1
#define STATUS_ARGUMENTS 2

static int descend(struct random *random)
{
    static struct stack_descent descent;
    uint64_t bytes = random_once_in(random, 64) ? 9000 : random_once_in(random, 8) ? 5000 : 1500;

    return (int)sys_stack_descend(program_start.handles[PROGRAM_HANDLE_INFORMATION],
                                  STACK_DESCENT_RECURSE, bytes, (uintptr_t)&descent);
}

static int child_start(uint64_t depth, uint64_t seed, uint32_t *task)
{
    struct spawn_options options;
    const char *reason;
    char words[64];

    format_string(words, sizeof(words), "build %lu %lu", depth, seed);
    spawn_init(&options, words);
    spawn_pass(&options, PROGRAM_HANDLE_ARCHIVE, PASSED_ON);
    spawn_pass(&options, PROGRAM_HANDLE_INFORMATION, PASSED_ON);
    int error = spawn(&options, task, &reason);
    if (error != OK) {
        complain("'%s' is not started: %s", words, reason);
    }
    return error;
}

int main(unsigned count, char **words)
{
    uint32_t children[CHILDREN_MOST];
    uint64_t depth, seed, made = 0;
    struct random random;
    int status = 0;

    if (count != 3 || number_parse_u64(words[1], &depth) != OK ||
        number_parse_u64(words[2], &seed) != OK) {
        complain("usage: build DEPTH SEED");
        return STATUS_ARGUMENTS;
    }
    random_begin(&random, seed, depth);
    if (descend(&random) != OK) {
        return STATUS_WRONG;
    }
    uint64_t wanted = depth != 0 ? random_between(&random, 1, CHILDREN_MOST) : 0;
    while (made < wanted &&
           child_start(depth - 1, seed * CHILDREN_MOST + made, &children[made]) == OK) {
        made++;
    }
    status = made == wanted ? 0 : STATUS_WRONG;
    while (made > 0) {
        status |= spawn_wait(children[--made]);
    }
    return status;
}
