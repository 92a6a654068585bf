/*
 * service                        lists the services of the session and the state of their servers
 * service end NAME [SECONDS]     ends the server of a service, after this time; it is started again
 * service cut NAME               ends it in the midst of a call (cut.h)
 * service drop WHAT              ends a client in the midst of its call (drop.h)
 * service stop NAME              stops a server until this program is ended
 * service take NAME              tries to publish an endpoint of its own by this name
 */
#include "lib/error.h"
#include "lib/number.h"
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/sleep.h"
#include "user/names_protocol.h"
#include "user/service/cut.h"
#include "user/service/drop.h"
#include "user/services_protocol.h"
#include "user/syscalls.h"

#define STATUS_FAILED 1
#define STATUS_USAGE  2
#define SECONDS_MOST  1000000
#define NS_PER_SECOND 1000000000UL

static int list(uint32_t init)
{
    static const char *const states[] = {
        [SERVICES_RUNS] = "runs", [SERVICES_PAUSES] = "pauses", [SERVICES_LEFT] = "was left"};
    char name[64];
    uint64_t starts, state;
    size_t bytes;
    int64_t error = OK;

    for (uint64_t at = 0; error >= 0; at++) {
        error = services_list(init, at, &starts, &state, name, sizeof(name), &bytes);
        if (error >= 0) {
            printf("%-12.*s %-8s started %lu times", (int)bytes, name,
                   state < array_length(states) && states[state] != NULL ? states[state] : "?",
                   starts);
        }
    }
    if (error != ERROR_NOT_FOUND) {
        complain("%s", error_name((int)error));
        return STATUS_FAILED;
    }
    return OK;
}

static int end(uint32_t init, const char *name, uint64_t seconds)
{
    int64_t error = sleep_ns(seconds * NS_PER_SECOND);

    if (error == OK) {
        error = services_end(init, name, strlen(name));
    }
    if (error < 0) {
        complain("%s: %s", name, error_name((int)error));
        return STATUS_FAILED;
    }
    return OK;
}

/*
 * Whatever ends this program, the shell lets the server go on then (servers_resume()). It hears of
 * control-C by the console, which cannot be stopped for that.
 */
static int stop(uint32_t init, const char *name)
{
    int64_t error =
        string_equal(name, "console") ? ERROR_BUSY : services_stop(init, name, strlen(name));

    if (error < 0 && error != ERROR_TIMEOUT) { /* it answers no further call, at the latest */
        complain("%s: %s", name, error_name((int)error));
        return STATUS_FAILED;
    }
    printf("%s: it is stopped until control-C", name);
    while (sleep_ns(SECONDS_MOST * NS_PER_SECOND) == OK) {
    }
    return STATUS_FAILED;
}

/* The name service refuses that to all but `init`. */
static int take(const char *name)
{
    int64_t error = sys_endpoint_create();

    if (error >= 0) {
        error = names_publish(program_start.handles[PROGRAM_HANDLE_NAMES], name, strlen(name),
                              (uint32_t)error);
    }
    complain("%s: %s", name, error_name((int)error));
    return error == OK ? OK : STATUS_FAILED;
}

int main(unsigned count, char **words)
{
    uint32_t init = program_start.handles[PROGRAM_HANDLE_PARENT];
    uint64_t seconds = 0;

    if (count == 1) {
        return list(init);
    }
    if (count == 3 && string_equal(words[1], "cut")) {
        return cut_run(words[2]);
    }
    if (count == 3 && string_equal(words[1], "drop")) {
        return drop_run(words[2]);
    }
    if (count == 3 && string_equal(words[1], "stop")) {
        return stop(init, words[2]);
    }
    if (count == 3 && string_equal(words[1], "take")) {
        return take(words[2]);
    }
    if (count == 3 && string_equal(words[1], "client")) { /* drop_run() starts it */
        return drop_client_run(words[2]);
    }
    if (count < 3 || count > 4 || !string_equal(words[1], "end") ||
        (count == 4 && number_parse_range(words[3], 0, SECONDS_MOST, &seconds) != OK)) {
        complain("usage: service, service end NAME [SECONDS], service cut NAME, service drop WHAT, "
                 "service stop NAME, or service take NAME");
        return STATUS_USAGE;
    }
    return end(init, words[2], seconds);
}
