/*
 * See spawn.h. The memory of the new program is charged to the program's own quota. Its content is
 * written through a mapping in the caller's address space, which is removed before the program
 * starts.
 */
#include "user/lib/spawn.h"

#include "lib/elf_program.h"
#include "lib/string.h"
#include "user/lib/archive.h"
#include "user/lib/fatal.h"
#include "user/lib/pages.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

void spawn_init(struct spawn_options *options, const char *words)
{
    *options = (struct spawn_options){.words = words, .priority = program_start.priority};
    spawn_pass(options, PROGRAM_HANDLE_LOG, RIGHT_WRITE | RIGHT_DUPLICATE | RIGHT_TRANSFER);
}

void spawn_pass(struct spawn_options *options, enum program_handle kind, uint32_t rights)
{
    options->given[kind].handle = program_start.handles[kind];
    options->given[kind].rights = rights;
}

/* A new program: its file, its task, its first thread, and what is written to its stack. */
struct child {
    const uint8_t *file;
    struct elf_program program;
    uint32_t task, thread;
    struct program_start start;
};

/*
 * Writes to memory that is not mapped in the caller's address space. The pages get their frames
 * first: a touch that finds none would end the caller.
 */
static int memory_write(uint32_t memory, size_t offset, const void *from, size_t bytes)
{
    size_t first = align_down(offset, PAGE_BYTES);
    size_t whole = align_up(offset + bytes, PAGE_BYTES) - first;
    void *pages;
    int error = bytes != 0 ? (int)sys_memory_commit(memory, first, whole) : OK;

    if (error != OK || bytes == 0) {
        return error;
    }
    error = pages_map(memory, first, whole, RIGHT_READ | RIGHT_WRITE, &pages);
    if (error == OK) {
        memcpy((char *)pages + (offset - first), from, bytes);
        pages_free(pages, whole);
    }
    return error;
}

/*
 * Makes memory that is charged to the child, writes `content` at `offset` of it, and maps it into
 * the child.
 */
static int child_map(const struct child *child, const struct memory_mapping *mapping, size_t offset,
                     const void *content, size_t content_bytes)
{
    int64_t memory = sys_memory_create(child->task, mapping->bytes), at;
    int error;

    if (memory < 0) {
        return (int)memory;
    }
    error = memory_write((uint32_t)memory, offset, content, content_bytes);
    if (error == OK) {
        at = sys_memory_map(child->task, (uint64_t)memory, (uintptr_t)mapping);
        error = at < 0 ? (int)at : OK;
    }
    ignore_result(sys_handle_close((uint64_t)memory)); /* it was opened here */
    return error;
}

static uint64_t rights_of(unsigned elf_rights)
{
    return RIGHT_READ | (elf_rights & ELF_WRITE ? RIGHT_WRITE : 0) |
           (elf_rights & ELF_EXECUTE ? RIGHT_EXECUTE : 0);
}

static int segments_load(const struct child *child)
{
    int error = OK;

    for (unsigned i = 0; i < child->program.segment_count && error == OK; i++) {
        const struct elf_segment *segment = &child->program.segments[i];
        const struct memory_mapping mapping = {.address = segment->address,
                                               .bytes = align_up(segment->memory_bytes, PAGE_BYTES),
                                               .rights = rights_of(segment->rights)};
        error =
            child_map(child, &mapping, 0, child->file + segment->file_offset, segment->file_bytes);
    }
    return error;
}

#define START_ADDRESS (PROGRAM_STACK_TOP - align_up(sizeof(struct program_start), 64))

static int stack_load(const struct child *child)
{
    const struct memory_mapping mapping = {.address = PROGRAM_STACK_TOP - PROGRAM_STACK_BYTES,
                                           .bytes = PROGRAM_STACK_BYTES,
                                           .rights = RIGHT_READ | RIGHT_WRITE | MEMORY_MAP_STACK};

    return child_map(child, &mapping, START_ADDRESS - mapping.address, &child->start,
                     sizeof(child->start));
}

/* Opens a handle in the child's table, and notes it in its start. */
static int handle_give(struct child *child, unsigned kind, uint32_t handle, uint32_t rights)
{
    int64_t made = sys_handle_grant(child->task, handle, rights);

    if (made < 0) {
        return (int)made;
    }
    child->start.handles[kind] = (uint32_t)made;
    return OK;
}

static int handles_give(struct child *child, const struct spawn_options *options)
{
    int error = handle_give(child, PROGRAM_HANDLE_TASK, child->task, RIGHTS_ALL);

    if (error == OK) {
        error = handle_give(child, PROGRAM_HANDLE_THREAD, child->thread, RIGHTS_ALL);
    }
    for (unsigned kind = 0; kind < PROGRAM_HANDLE_COUNT && error == OK; kind++) {
        if (options->given[kind].handle != 0) {
            error =
                handle_give(child, kind, options->given[kind].handle, options->given[kind].rights);
        }
    }
    if (options->given[PROGRAM_HANDLE_ARCHIVE].handle != 0) {
        child->start.archive_bytes = program_start.archive_bytes;
    }
    return error;
}

/* Fills the child's empty task, and starts its first thread. */
static int child_begin(struct child *child, const struct spawn_options *options)
{
    int64_t thread = sys_thread_create(child->task, options->priority, 0,
                                       child->program.wants_fpu ? THREAD_FPU : 0);
    int error = thread < 0 ? (int)thread : OK;

    if (error != OK) {
        return error;
    }
    child->thread = (uint32_t)thread;
    error = handles_give(child, options);
    if (error == OK) {
        error = segments_load(child);
    }
    if (error == OK) {
        error = stack_load(child);
    }
    if (error == OK) {
        error = (int)sys_thread_start(child->thread, child->program.entry, START_ADDRESS,
                                      START_ADDRESS);
    }
    if (error == OK && options->thread != NULL) {
        *options->thread = child->thread;
    } else {
        ignore_result(sys_handle_close(child->thread)); /* it was opened here */
    }
    return error;
}

/* Sets limits of the budget that the child begins, if the options name some. */
static int budget_set(const struct child *child, const struct spawn_options *options)
{
    bool has_some = options->tasks != 0 || options->threads != 0 || options->reserve != 0;

    return has_some ? (int)sys_task_budget_set(child->task, options->tasks, options->threads,
                                               options->reserve)
                    : OK;
}

/* Makes a task for a program that was read, and starts it. After an error nothing is left. */
static int child_make(struct child *child, const struct spawn_options *options)
{
    char name[TASK_NAME_BYTES];
    size_t bytes = string_first_word(name, sizeof(name), options->words);
    int64_t made = sys_task_create((uintptr_t)name, bytes, options->frames);
    int error;

    if (made < 0) {
        return (int)made;
    }
    child->task = (uint32_t)made;
    error = budget_set(child, options);
    if (error == OK) {
        error = child_begin(child, options);
    }
    if (error != OK) {
        ignore_result(sys_task_kill(child->task, (uint64_t)error));
        ignore_result(sys_handle_close(child->task));
    }
    return error;
}

int spawn_file(const struct spawn_options *options, const void *file, size_t bytes, uint32_t *task,
               const char **reason)
{
    struct child child = {.file = file,
                          .start = {.version = PROGRAM_START_VERSION,
                                    .bytes = sizeof(struct program_start),
                                    .priority = options->priority,
                                    .stack_bytes = PROGRAM_STACK_BYTES}};
    int error;

    *reason = NULL;
    if (string_copy(child.start.arguments, sizeof(child.start.arguments), options->words) != OK) {
        *reason = "the arguments are too long";
        return ERROR_TOO_LONG;
    }
    error =
        elf_program_read(file, bytes, PROGRAM_ADDRESS, PROGRAM_ADDRESS_END, &child.program, reason);
    if (error == OK) {
        error = child_make(&child, options);
    }
    if (error != OK && *reason == NULL) {
        *reason = error_name(error);
    }
    *task = child.task;
    return error;
}

int spawn(const struct spawn_options *options, uint32_t *task, const char **reason)
{
    char name[TAR_NAME_BYTES];
    struct tar_file file;
    int error;

    (void)string_first_word(name, sizeof(name), options->words);
    error = archive_find(name, &file, reason);
    return error == OK ? spawn_file(options, file.data, file.bytes, task, reason) : error;
}

int spawn_wait(uint32_t task)
{
    int64_t status = 0, error = sys_task_wait(task, UINT64_MAX, (uintptr_t)&status);

    if (error != OK) {
        fatal("spawn_wait(0x%x): %s", task, error_name((int)error));
    }
    ignore_result(sys_handle_close(task)); /* it was open just now */
    return (int)status;
}
