/* The texts of the command help. */
#include "lib/error.h"
#include "lib/string.h"
#include "user/shell/builtin.h"
#include "user/shell/shell.h"

struct help {
    const char *name, *arguments, *sentence;
    const char *more; /* NULL: the sentence says it all */
};

/* clang-format off */
static const struct help helps[] = {
    {"cat", "[FILE] ...", "write files, or the input, to the output", NULL},
    {"cp", "FROM TO", "copy a file", NULL},
    {"crash", "NUMBER", "do something that a program must not do", "Numbers from 0 on, each another way; the status is 64 behind the last one. The kernel ends the program, and its log says where it was and why."},
    {"demo", "[THREADS]", "kernel stacks grow while system calls go deep", "Threads make a call that goes down its kernel stack. What each fault cost is shown, and the memory saved."},
    {"echo", "[WORD] ...", "write the words", "echo -n writes no end of the line."},
    {"ed", "FILE", "edit a file, line by line", "a, i and c take lines up to a '.'; d removes, p and n print, s/A/B/ replaces; a number or a range stands in front, as in 2,5p; w writes the file, q ends."},
    {"exit", "[STATUS]", "end the shell, and the servers with it", NULL},
    {"false", "", "fail", NULL},
    {"grep", "[-v] TEXT [FILE] ...", "write the lines that contain a text", "-v: the lines that do not. The status is 1 if there is none. Of a line the first 511 bytes count."},
    {"head", "[-n LINES] [FILE] ...", "write the first ten lines", NULL},
    {"hello", "[WORD] ...", "the smallest program", NULL},
    {"help", "[COMMAND]", "list the commands, or explain one", NULL},
    {"hexdump", "[FILE]", "write bytes as numbers and characters", NULL},
    {"ipcbench", "[TIMES]", "measure calls, pipes and reads of a file", NULL},
    {"jobs", "", "list the jobs in the background", "'COMMAND &' starts one."},
    {"kill", "JOB ...", "end jobs in the background", NULL},
    {"kstat", "[TEXT]", "the kernel's counters, and what each means", "TEXT: those whose name contains it."},
    {"log", "", "the kernel's log so far", NULL},
    {"ls", "[PATH] ...", "list a directory", "/boot has the files of the boot archive. All other files are in memory, and gone when the machine stops."},
    {"mallocbench", "[TIMES [THREADS]]", "measure the heap of a program", NULL},
    {"map", "FILE [AT TEXT]", "write a file that is mapped into memory, or change it there", "The pager supplies the pages. AT TEXT puts bytes there and saves them; map -z KIB uses memory that is zero."},
    {"mkdir", "PATH ...", "make directories", NULL},
    {"monitor", "", "give the terminal to the kernel's monitor", "Its command 'resume' gives it back. Control-] does the same at any time."},
    {"poweroff", "", "switch the machine off", NULL},
    {"ps", "", "list tasks and their threads", NULL},
    {"reboot", "", "start the machine anew", NULL},
    {"rm", "PATH ...", "remove files and empty directories", NULL},
    {"service", "[end NAME [SECONDS]]", "list the services, or end the server of one", "The server is started again, after a pause that doubles each time it ends within ten seconds; what 'files' had in memory is gone. service cut NAME ends it in the midst of a call, which it has taken and cannot answer; service drop NAME ends a client of it there, also in one by a ring (service drop drain, service drop fill); service drop page ends the pager while a program waits for a page of a file. service stop NAME stops its server until Control-C. service take NAME tries to publish a service of that name, which the name service allows 'init' alone."},
    {"set", "", "list the variables", "NAME=VALUE sets one, $NAME stands for its value, $? for the last status."},
    {"sh", "FILE", "run the commands of a file", NULL},
    {"sleep", "SECONDS", "wait", "SECONDS may have a fraction, as in 0.5."},
    {"stacks", "[live [SECONDS]]", "draw the kernel stack of each thread", "# is a page that has memory, . one that has none. live: a map of all, by owner, with pages and KiB in use of each, drawn anew until control-C."},
    {"stress", "[SECONDS]", "start programs at random, and check how they end", "stress asleep COUNT SECONDS starts programs that only sleep; 'stacks' shows what they need. stress crashes COUNT starts programs that crash; stress pipes PAIRS SECONDS makes threads send bytes by pipes; stress memory SECONDS takes all memory; stress clients ENDS calls the servers until the name service has ended so often; stress files STREAMS reads one file by so many streams; stress rings ROUNDS writes by rings, and lies to the file server; stress bomb SECONDS starts copies of itself, which do the same, until its budget is used up."},
    {"test", "[PATTERN]", "run the tests of user mode", "PATTERN: those whose ids match, as 'UTH*'. What fails is told in the log."},
    {"time", "PROGRAM [ARGUMENT] ...", "run a program, and tell how long it took", NULL},
    {"top", "[-n TIMES] [-d SECONDS]", "the threads that run most, anew each second", "Control-C ends it."},
    {"true", "", "succeed", NULL},
    {"wc", "[FILE] ...", "count lines, words and bytes", NULL},
};
/* clang-format on */

static const struct help *help_find(const char *name)
{
    for (unsigned i = 0; i < array_length(helps); i++) {
        if (string_equal(helps[i].name, name)) {
            return &helps[i];
        }
    }
    return NULL;
}

static void list(void)
{
    for (unsigned i = 0; i < array_length(helps); i++) {
        say("  \x1b[1m%-11s\x1b[0m %s\n", helps[i].name, helps[i].sentence);
    }
    say("\n'help COMMAND' explains one. Commands may be connected and directed:\n"
        "  ls /boot | grep echo > found    cat < found    sleep 5 &    true && echo yes || echo "
        "no\n");
}

int help_run(const struct command *command)
{
    if (command->count == 1) {
        list();
        return OK;
    }
    const struct help *help = help_find(command->words[1]);
    if (help == NULL) {
        say("There is no help for '%s'. 'help' lists the commands.\n", command->words[1]);
        return 1;
    }
    say("%s%s%s: %s\n", help->name, help->arguments[0] == '\0' ? "" : " ", help->arguments,
        help->sentence);
    if (help->more != NULL) {
        say("%s\n", help->more);
    }
    return OK;
}
