/* A session: the servers, and a shell on them. When the shell ends, the servers are ended. */
#pragma once

/*
 * Runs a session whose servers are those of the file `config` of the archive, and whose shell is
 * started by these words. Returns the shell's status, or an error.
 */
int session_run(const char *config, const char *words);
