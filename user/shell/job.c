/* See job.h. */
#include "user/shell/job.h"

#include "lib/error.h"
#include "lib/number.h"
#include "lib/string.h"
#include "user/console_protocol.h"
#include "user/lib/message_buffer.h"
#include "user/lib/mutex.h"
#include "user/lib/thread.h"
#include "user/shell/pipe_writer.h"
#include "user/shell/shell.h"
#include "user/shell/start.h"
#include "user/syscalls.h"

#define JOB_TEXT_BYTES 64

struct job {
    unsigned number;                    /* 0: free */
    unsigned count;                     /* of programs */
    uint32_t tasks[STATEMENT_COMMANDS]; /* 0: it has ended */
    int status;                         /* of the last program */
    bool interrupted;
    bool stops_servers; /* one of its programs may have stopped some, and not let them go on */
    char text[JOB_TEXT_BYTES];
};

static struct job jobs[JOBS_MOST];

/* Guards `foreground` and the tasks of that job, which the thread of control-C ends. */
static struct mutex lock;
static struct job *foreground;
static uint32_t interrupt;       /* the notification for control-C, to wait for */
static uint64_t line_interrupts; /* the console's count when the line began; atomic */

/* Ends the programs of the job, and all that they have started. */
static void tasks_kill(struct job *job)
{
    for (unsigned i = 0; i < job->count; i++) {
        if (job->tasks[i] != 0) {
            ignore_result(sys_task_family_kill(job->tasks[i], (uint64_t)ERROR_KILLED));
        }
    }
}

/*
 * Returns whether control-C has come since the line began. Signals may come late, when the job that
 * was meant has ended, so they do not tell that; the console's count does.
 */
static bool interrupt_came(void)
{
    uint64_t count;

    return console_interrupts(console_service, &count) == OK &&
           count > __atomic_load_n(&line_interrupts, __ATOMIC_RELAXED);
}

/*
 * Gives the console a notification for control-C. Only the console can signal it, so that a wait
 * for it ends when the console's server ends.
 */
static int interrupt_register(void)
{
    int64_t all = sys_notification_create(), made, error;

    if (all < 0) {
        return (int)all;
    }
    made = sys_handle_duplicate((uint64_t)all, RIGHT_RECEIVE);
    error = made < 0 ? made : console_interrupt(console_service, (uint32_t)all);
    ignore_result(sys_handle_close((uint64_t)all)); /* it was opened here */
    if (error < 0) {
        if (made > 0) {
            ignore_result(sys_handle_close((uint64_t)made)); /* this one, too */
        }
        return (int)error;
    }
    interrupt = (uint32_t)made;
    return OK;
}

/* Ends the job in the foreground if control-C has come. */
static void foreground_interrupt(void)
{
    mutex_lock(&lock);
    if (foreground != NULL && interrupt_came()) {
        foreground->interrupted = true;
        tasks_kill(foreground);
    }
    mutex_unlock(&lock);
}

/* The thread of control-C. It ends when there will be no console any more. */
static int interrupts_serve(void *argument maybe_unused)
{
    static struct message_place place;
    uint64_t bits;
    int error = OK;

    message_place_set(&place); /* it calls the console */
    while (error == OK) {
        while (sys_notification_wait(interrupt, UINT64_MAX, &bits) == OK) {
            foreground_interrupt();
        }
        ignore_result(sys_handle_close(interrupt)); /* interrupt_register() opened it */
        /* Waits for the console's next instance. Its count begins at 0. */
        __atomic_store_n(&line_interrupts, 0, __ATOMIC_RELAXED);
        for (unsigned i = 0; i < SERVER_TRIES; i++) {
            error = interrupt_register();
            if (error != ERROR_PEER_DIED) {
                break;
            }
        }
    }
    return error;
}

void jobs_line_begin(uint64_t interrupts)
{
    __atomic_store_n(&line_interrupts, interrupts, __ATOMIC_RELAXED);
    shell_interrupted = false;
}

int jobs_init(void)
{
    struct thread thread;
    int error = interrupt_register();

    return error != OK ? error : thread_create(&thread, interrupts_serve, NULL, NULL);
}

/* Notes a program of the job. Control-C may have come while it was started. */
static void program_begun(struct job *job, uint32_t task)
{
    mutex_lock(&lock);
    job->tasks[job->count++] = task;
    if (job->interrupted) {
        tasks_kill(job);
    }
    mutex_unlock(&lock);
}

/* Starts the programs of a pipeline one by one; an error leaves the others out. */
static int programs_begin(struct job *job, const struct statement *statement, command_print first,
                          struct pipe_writer *writer)
{
    struct pipe before = {0}, after = {0};
    int error = OK;

    for (unsigned i = 0; i < statement->count && error == OK && !job->interrupted; i++) {
        bool last = i + 1 == statement->count;
        struct command_ends ends = {.input = i > 0 ? &before : NULL,
                                    .output = last ? NULL : &after,
                                    .background = statement->end == STATEMENT_BACKGROUND};

        error = last ? OK : pipe_create(&after);
        if (error == OK && i == 0 && first != NULL) {
            error = pipe_writer_open(writer, &after);
        }
        if (error != OK) {
            say("a pipe: %s\n", error_name(error));
            break;
        }
        uint32_t task;
        if (i > 0 || !writer->is_open) {
            error = command_start(&statement->commands[i], &ends, &task);
            if (error == OK) {
                job->stops_servers |= command_stops_servers(&statement->commands[i]);
                program_begun(job, task);
            }
        }
        pipe_close(&before);
        before = after;
        after = (struct pipe){0};
    }
    pipe_close(&before);
    pipe_close(&after);
    return error;
}

/*
 * Starts the programs of a pipeline. One that begins with a command of the shell itself has only
 * programs that read what this then prints.
 */
static int pipeline_begin(struct job *job, const struct statement *statement, command_print first)
{
    struct pipe_writer writer = {0};
    int error = programs_begin(job, statement, first, &writer);

    if (writer.is_open) {
        if (error == OK) {
            (void)first(&statement->commands[0], &writer.stream); /* the last status counts */
        }
        pipe_writer_close(&writer);
    }
    return error;
}

/* Writes what the job is, for lists. */
static void text_make(struct job *job, const struct statement *statement)
{
    size_t used = 0;

    for (unsigned i = 0; i < statement->count; i++) {
        for (unsigned word = 0; word < statement->commands[i].count; word++) {
            used += format_string(job->text + used, sizeof(job->text) - used, "%s%s",
                                  used == 0   ? ""
                                  : word == 0 ? " | "
                                              : " ",
                                  statement->commands[i].words[word]);
            if (used >= sizeof(job->text)) {
                return;
            }
        }
    }
}

/* Notes that a program of the job has ended. */
static void program_ended(struct job *job, unsigned i, int status)
{
    mutex_lock(&lock);
    ignore_result(sys_handle_close(job->tasks[i])); /* it was open until now */
    job->tasks[i] = 0;
    mutex_unlock(&lock);
    if (i + 1 == job->count) {
        job->status = status;
    }
}

/* Says what a user should know of a program's end. */
static void end_tell(const struct job *job, int status)
{
    if (status < 0 && status != ERROR_KILLED && status != ERROR_PEER_DIED) {
        say("'%s' was ended: %s%s\n", job->text, error_name(status),
            status == ERROR_FAULT ? " (the log says where)" : "");
    }
}

static void foreground_set(struct job *job)
{
    mutex_lock(&lock);
    foreground = job;
    mutex_unlock(&lock);
}

/* Waits for all programs of a job. */
static int job_wait(struct job *job)
{
    for (unsigned i = 0; i < job->count; i++) {
        int64_t status = 0;

        if (job->tasks[i] != 0 &&
            sys_task_wait(job->tasks[i], UINT64_MAX, (uintptr_t)&status) == OK) {
            program_ended(job, i, (int)status);
        }
    }
    foreground_set(NULL);
    if (job->stops_servers) {
        servers_resume();
    }
    if (job->interrupted) {
        job->status = ERROR_KILLED;
    }
    end_tell(job, job->status);
    shell_interrupted = shell_interrupted || job->interrupted;
    job->number = 0;
    return job->status;
}

/* Returns a free job with a number, or NULL. */
static struct job *job_make(void)
{
    for (unsigned i = 0; i < JOBS_MOST; i++) {
        if (jobs[i].number == 0) {
            jobs[i] = (struct job){.number = i + 1};
            return &jobs[i];
        }
    }
    say("there are %u jobs already\n", JOBS_MOST);
    return NULL;
}

int job_run(struct statement *statement, command_print first)
{
    struct job *job = job_make();
    int error;

    if (job == NULL) {
        return ERROR_QUOTA;
    }
    text_make(job, statement);
    if (statement->end != STATEMENT_BACKGROUND) {
        foreground_set(job);
        if (interrupt_came()) { /* before the thread could know of the job */
            job->interrupted = true;
        }
    }
    error = pipeline_begin(job, statement, first);
    if (error != OK) {
        tasks_kill(job);
        ignore_result(job_wait(job));
        return error == ERROR_NOT_FOUND ? STATUS_NOT_FOUND : error;
    }
    if (statement->end == STATEMENT_BACKGROUND) {
        say("[%u] %s\n", job->number, job->text);
        return OK;
    }
    return job_wait(job);
}

/* Looks which programs of a job have ended. Returns whether all have. */
static bool job_poll(struct job *job)
{
    bool all = true;

    for (unsigned i = 0; i < job->count; i++) {
        int64_t status = 0;

        if (job->tasks[i] == 0) {
            continue;
        }
        if (sys_task_wait(job->tasks[i], 0, (uintptr_t)&status) == OK) {
            program_ended(job, i, (int)status);
        } else {
            all = false;
        }
    }
    if (all && job->stops_servers) {
        servers_resume();
    }
    return all;
}

void jobs_tell(void)
{
    for (unsigned i = 0; i < JOBS_MOST; i++) {
        if (jobs[i].number != 0 && job_poll(&jobs[i])) {
            say("[%u] ended with status %d: %s\n", jobs[i].number, jobs[i].status, jobs[i].text);
            jobs[i].number = 0;
        }
    }
}

int jobs_list(void)
{
    for (unsigned i = 0; i < JOBS_MOST; i++) {
        if (jobs[i].number != 0) {
            say("[%u] %s  %s\n", jobs[i].number, job_poll(&jobs[i]) ? "ended  " : "running",
                jobs[i].text);
        }
    }
    return OK;
}

int job_kill(const char *word)
{
    uint64_t number;

    if (number_parse_u64(*word == '%' ? word + 1 : word, &number) == OK && number > 0 &&
        number <= JOBS_MOST && jobs[number - 1].number != 0) {
        tasks_kill(&jobs[number - 1]);
        return OK;
    }
    say("kill: there is no job %s; 'jobs' lists them\n", word);
    return 1;
}

void jobs_end(void)
{
    for (unsigned i = 0; i < JOBS_MOST; i++) {
        if (jobs[i].number != 0) {
            tasks_kill(&jobs[i]);
            ignore_result(job_wait(&jobs[i]));
        }
    }
}
