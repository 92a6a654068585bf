/* See program.h. */
#include "kernel/program/program.h"

#include "arch/x86_64/cpu/log.h"
#include "kernel/console/console_handover.h"
#include "kernel/program/boot_archive.h"
#include "kernel/program/program_load.h"
#include "kernel/syscall/kernel_objects.h"
#include "kernel/task/user_thread.h"
#include "lib/error.h"
#include "lib/string.h"

#define INIT_MOMENT_NS 2000000000UL
#define SHELL_POLL_NS  50000000UL

static_assert(PROGRAM_ADDRESS == USER_BASE && PROGRAM_ADDRESS_END == SPACE_ANYWHERE,
              "addresses are chosen above programs");
static_assert(PROGRAM_PRIORITY == TASK_THREAD_PRIORITY, "one default priority");

/*
 * Finds the file of the program whose name is the first word. Stores the size of the whole archive
 * in *archive_bytes. After an error, *reason says why.
 */
static int file_find(const char *words, struct tar_file *file, size_t *archive_bytes,
                     const char **reason)
{
    char name[TAR_NAME_BYTES];
    const void *archive;
    size_t bytes;
    int error;

    if (!boot_archive_get(&archive, &bytes)) {
        *reason = "the boot loader passed no user programs";
        return ERROR_NOT_FOUND;
    }
    *archive_bytes = bytes;
    (void)string_first_word(name, sizeof(name), words);
    error = tar_find(archive, bytes, name, file, reason);
    if (error == ERROR_NOT_FOUND) {
        *reason = "there is no program of that name";
    }
    return error;
}

/* Opens the handles with which a program begins, and notes them in its start. */
static int handles_give(struct task *task, struct user_thread *thread,
                        const struct program_options *options, struct program_start *start)
{
    const struct handle_value *parent = &options->parent;
    const struct {
        enum program_handle kind;
        struct object *object; /* NULL: none */
        unsigned rights;
    } given[] = {{PROGRAM_HANDLE_TASK, &task->object, RIGHTS_ALL},
                 {PROGRAM_HANDLE_THREAD, &thread->object, RIGHTS_ALL},
                 {PROGRAM_HANDLE_LOG, kernel_object_log(), RIGHTS_ALL},
                 {PROGRAM_HANDLE_INFORMATION, kernel_object_information(), RIGHTS_ALL},
                 {PROGRAM_HANDLE_PORTS, kernel_object_ports(), RIGHTS_ALL},
                 {PROGRAM_HANDLE_SYSTEM, kernel_object_system(), RIGHTS_ALL},
                 {PROGRAM_HANDLE_ARCHIVE, boot_archive_object(), BOOT_ARCHIVE_RIGHTS}};
    int error = OK;

    for (unsigned i = 0; i < array_length(given) && error == OK; i++) {
        if (given[i].object != NULL) {
            error = handle_open(&task->handles, given[i].object, given[i].rights, 0,
                                &start->handles[given[i].kind]);
        }
    }
    if (error == OK && parent->object != NULL) {
        error = handle_open(&task->handles, parent->object, parent->rights, parent->badge,
                            &start->handles[PROGRAM_HANDLE_PARENT]);
    }
    return error;
}

/* Loads the file into a task without threads, and starts its first one. */
static int task_begin(struct task *task, struct user_thread *thread, const struct tar_file *file,
                      const struct program_start *start, const char **reason)
{
    struct program_image image;
    int error =
        program_load(&task->space, task->quota, file->data, file->bytes, start, &image, reason);

    if (error == OK && image.wants_fpu) {
        error = user_thread_fpu_give(thread);
    }
    if (error == OK) {
        error = user_thread_start(thread, image.entry, image.stack, image.stack);
    }
    return error;
}

/* Makes the task. After an error nothing is left of it. */
static int task_make(const char *name, const struct tar_file *file,
                     const struct program_options *options, struct program_start *start,
                     struct task **out, const char **reason)
{
    const struct task_options task_options = {.name = name};
    struct user_thread *thread;
    int error = task_create(&task_options, out);

    if (error != OK) {
        return error;
    }
    error = user_thread_create(*out, TASK_THREAD_PRIORITY, 0, &thread);
    if (error == OK) {
        error = handles_give(*out, thread, options, start);
        if (error == OK) {
            error = task_begin(*out, thread, file, start, reason);
        }
        object_release(&thread->object);
    }
    if (error != OK) {
        task_kill(*out, error);
        object_release(&(*out)->object);
    }
    return error;
}

int program_run(const struct program_options *options, struct task **task, const char **reason)
{
    struct program_start start = {.version = PROGRAM_START_VERSION,
                                  .bytes = sizeof(start),
                                  .stack_bytes = PROGRAM_STACK_BYTES,
                                  .priority = TASK_THREAD_PRIORITY};
    struct tar_file file;
    size_t archive_bytes;
    int error;

    *reason = NULL;
    if (string_copy(start.arguments, sizeof(start.arguments), options->words) != OK) {
        *reason = "the arguments are too long";
        return ERROR_TOO_LONG;
    }
    error = file_find(options->words, &file, &archive_bytes, reason);
    if (error == OK) {
        start.archive_bytes = archive_bytes;
        error = task_make(file.name, &file, options, &start, task, reason);
    }
    if (error != OK && *reason == NULL) {
        *reason = error_name(error);
    }
    return error;
}

/* Starts `init` with these words. Returns whether it runs; the caller releases the task. */
static bool init_start(const char *words, struct task **task)
{
    const struct program_options options = {.words = words};
    const void *archive;
    size_t bytes;
    const char *reason;

    if (!boot_archive_get(&archive, &bytes)) {
        return false; /* boot_archive_take() has said why */
    }
    if (program_run(&options, task, &reason) != OK) {
        log_error("the first program is not started: %s", reason);
        return false;
    }
    return true;
}

/*
 * Logs the end of the first program if its status is not 0, and releases the task. `error` is the
 * result of task_wait().
 */
static void init_end(struct task *task, int error, int status)
{
    if (error == OK && status != 0) {
        log_error("the first program has ended with status %d", status);
    }
    object_release(&task->object);
}

void program_init_run(void)
{
    struct task *task;
    int status, error;

    if (init_start("init", &task)) {
        error = task_wait(task, INIT_MOMENT_NS, &status);
        init_end(task, error, status);
    }
}

void program_shell_run(bool script)
{
    struct task *task;
    int status, error;

    if (!init_start(script ? "init shell /boot/begin.sh" : "init shell", &task)) {
        return;
    }
    do {
        error = task_wait(task, SHELL_POLL_NS, &status);
    } while (error == ERROR_TIMEOUT && !console_handover_is_paused());
    init_end(task, error, status);
}
