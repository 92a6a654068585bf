/* See builtin.h. */
#include "user/shell/builtin.h"

#include "lib/error.h"
#include "lib/number.h"
#include "lib/string.h"
#include "user/lib/program.h"
#include "user/shell/job.h"
#include "user/shell/shell.h"
#include "user/shell/variable.h"
#include "user/syscalls.h"

#define NS_PER_MS 1000000UL

static int usage_say(const char *usage)
{
    say("usage: %s\n", usage);
    return STATUS_USAGE;
}

static int exit_run(const struct command *command)
{
    int64_t status = last_status;
    uint64_t number;

    if (command->count > 2 ||
        (command->count == 2 && number_parse_u64(command->words[1], &number) != OK)) {
        return usage_say("exit [STATUS]");
    }
    if (command->count == 2) {
        status = (int64_t)number;
    }
    shell_ends = true;
    return (int)status;
}

static int jobs_run(const struct command *command maybe_unused)
{
    return jobs_list();
}

static int kill_run(const struct command *command)
{
    int status = OK;

    if (command->count < 2) {
        return usage_say("kill JOB ...");
    }
    for (unsigned i = 1; i < command->count; i++) {
        int error = job_kill(command->words[i]);

        status = error != OK ? error : status;
    }
    return status;
}

static int set_run(const struct command *command maybe_unused)
{
    const char *name, *value;

    for (unsigned i = 0; (name = variable_at(i, &value)) != NULL; i++) {
        say("%s=%s\n", name, value);
    }
    return OK;
}

static int sh_run(const struct command *command)
{
    return command->count == 2 ? file_run(command->words[1]) : usage_say("sh FILE");
}

/* The words behind it are a command of its own. */
static int time_run(const struct command *command)
{
    struct statement *statement;
    static struct statement timed; /* time does not run within time */

    if (command->count < 2) {
        return usage_say("time PROGRAM [ARGUMENT] ...");
    }
    timed = (struct statement){.count = 1};
    timed.commands[0] = *command;
    timed.commands[0].words++;
    timed.commands[0].count--;
    statement = &timed;
    uint64_t begin = (uint64_t)sys_clock_read();
    int status = job_run(statement, NULL);
    uint64_t ns = (uint64_t)sys_clock_read() - begin;
    say("%lu.%03lu ms\n", ns / NS_PER_MS, ns % NS_PER_MS / 1000);
    return status;
}

/* Does what only a holder of the system may: it returns after an error, or when the port is back. */
static int system_do(uint64_t action)
{
    int64_t error = sys_system_control(program_start.handles[PROGRAM_HANDLE_SYSTEM], action);

    if (error != OK) {
        say("%s\n", error_name((int)error));
    }
    return (int)error;
}

static int monitor_run(const struct command *command maybe_unused)
{
    return system_do(SYSTEM_MONITOR);
}

static int poweroff_run(const struct command *command maybe_unused)
{
    return system_do(SYSTEM_POWER_OFF);
}

static int reboot_run(const struct command *command maybe_unused)
{
    return system_do(SYSTEM_REBOOT);
}

static const struct builtin builtins[] = {
    {.name = "exit", .run = exit_run},
    {.name = "help", .run = help_run, .prints = true},
    {.name = "jobs", .run = jobs_run, .prints = true},
    {.name = "kill", .run = kill_run},
    {.name = "monitor", .run = monitor_run},
    {.name = "poweroff", .run = poweroff_run},
    {.name = "reboot", .run = reboot_run},
    {.name = "set", .run = set_run, .prints = true},
    {.name = "sh", .run = sh_run},
    {.name = "time", .run = time_run},
};

const struct builtin *builtin_find(const char *name)
{
    for (unsigned i = 0; i < array_length(builtins); i++) {
        if (string_equal(builtins[i].name, name)) {
            return &builtins[i];
        }
    }
    return NULL;
}

const char *builtin_at(unsigned place)
{
    return place < array_length(builtins) ? builtins[place].name : NULL;
}

int builtin_run_to(const struct command *command, struct stream *stream)
{
    int status;

    say_to(stream);
    status = builtin_find(command->words[0])->run(command);
    say_to(NULL);
    return status;
}
