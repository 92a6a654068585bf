/*
 * The configuration of the servers: lines of text in the file init.conf of the boot archive.
 *
 *   server NAME PROGRAM [ARGUMENT] ... [: RIGHT ...]
 *
 * The server gets the endpoint of the service NAME, and the rights named: archive, information,
 * log, ports, system. A '#' begins a comment. Portable: tested on the host.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/program_start.h"

#define CONFIG_SERVERS    16
#define CONFIG_NAME_BYTES 31

struct config_server {
    char name[CONFIG_NAME_BYTES + 1];
    char words[PROGRAM_ARGUMENTS_BYTES]; /* the program and its arguments */
    uint32_t rights;                     /* bit n: PROGRAM_HANDLE n */
};

struct config {
    unsigned count;
    struct config_server servers[CONFIG_SERVERS];
};

/*
 * Reads a configuration of `bytes` bytes. Returns OK, or ERROR_INVALID: then *line is the number of
 * the line, from 1, and *reason says what is wrong with it. The servers of the lines before are
 * read.
 */
must_check int config_read(struct config *config, const char *text, size_t bytes, unsigned *line,
                           const char **reason);
