/* Commands about tasks: what they own, which handles they have, and who waits in IPC for whom. */
#include "kernel/information/information.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/monitor/monitor.h"
#include "kernel/object/object_name.h"
#include "kernel/syscall/message_fast.h"
#include "kernel/task/user_thread.h"
#include "lib/format.h"
#include "lib/number.h"
#include "lib/string.h"
#include "sched/stack/handoff.h"

#define ROWS 32 /* tasks, threads or handles that are copied at once */

MONITOR_COMMAND(tasks, "", "list the tasks and what they own")
{
    static struct information_task rows[ROWS]; /* the monitor's thread only */
    uint64_t from = 0;
    int64_t bytes;

    console_print_styled(CONSOLE_HEADING, "%5s %-20s %7s %14s %20s\n", "id", "name", "threads",
                         "handles", "frames");
    while ((bytes = information_records(INFORMATION_TASKS, from, rows, sizeof(rows))) > 0 &&
           !monitor_stop_wanted()) {
        for (size_t i = 0; i < (size_t)bytes / sizeof(rows[0]); i++) {
            const struct information_task *row = &rows[i];
            console_print("%5u %-20s %7u %5u of %-5u %9lu of %-8lu%s\n", row->id, row->name,
                          row->threads, row->handles, row->handles_most, row->frames,
                          row->frames_most, row->ending ? " ends" : "");
            from = row->id + 1UL;
        }
    }
    console_print("%u tasks\n", task_count());
    return OK;
}

/* The next tasks by id, each with a reference. */
struct tasks_found {
    uint64_t from;
    const char *name; /* NULL: any */
    unsigned count;
    struct task *tasks[ROWS];
};

/* The list's lock is held, and a task in the list has at least one reference. */
static void found_take(struct task *task, void *context)
{
    struct tasks_found *found = context;
    if (task->id >= found->from && found->count < ROWS &&
        (found->name == NULL || string_equal(task->name, found->name))) {
        object_acquire(&task->object);
        found->tasks[found->count++] = task;
    }
}

/* Calls show for each handle of a task, with a reference to the handle's object. */
static void handles_each(struct task *task, void (*show)(const struct task *task, uint32_t handle,
                                                         const struct handle_value *value))
{
    struct handle_value value;
    uint32_t index = 0, handle;
    if (task_change_begin(task) != OK) {
        return; /* it ends, and its handles are gone */
    }
    while (handle_table_next(&task->handles, &index, &handle, &value)) {
        show(task, handle, &value);
        object_release(value.object);
    }
    task_change_end(task);
}

static void rights_format(char text[9], unsigned rights)
{
    for (unsigned i = 0; i < 8; i++) {
        text[i] = rights >> i & 1 ? "dtsrRWXm"[i] : '-';
    }
    text[8] = '\0';
}

/* Writes which task or thread an object is; nothing for other types. */
static void object_describe(char *text, size_t bytes, struct object *object)
{
    text[0] = '\0';
    if (object->type == OBJECT_TASK) {
        const struct task *task = container_of(object, struct task, object);
        format_string(text, bytes, "task %u (%s)", task->id, task->name);
    } else if (object->type == OBJECT_THREAD) {
        const struct user_thread *user = container_of(object, struct user_thread, object);
        format_string(text, bytes, "thread %u of task %u", user->id, user->task->id);
    }
}

static void handle_print(const struct task *task maybe_unused, uint32_t handle,
                         const struct handle_value *value)
{
    char rights[9], words[64];
    rights_format(rights, value->rights);
    object_describe(words, sizeof(words), value->object);
    console_print("0x%08x %-12s %s %18lx %7u  %s\n", handle, object_type_name(value->object->type),
                  rights, value->badge, object_handle_count(value->object), words);
}

MONITOR_COMMAND(handles, "TASK", "list the handles of a task, by its id or name")
{
    static struct tasks_found found; /* the monitor's thread only */
    uint64_t id;
    memset(&found, 0, sizeof(found));
    bool by_id = number_parse_u64(arguments[0], &id) == OK;
    found.from = by_id ? id : 0;
    found.name = by_id ? NULL : arguments[0];
    task_for_each(found_take, &found);
    if (found.count == 0 || (by_id && found.tasks[0]->id != id)) {
        console_print("There is no task '%s'; 'tasks' lists them.\n", arguments[0]);
    } else {
        console_print_styled(CONSOLE_HEADING, "%-10s %-12s %-8s %18s %7s\n", "handle", "type",
                             "rights", "badge", "handles");
        handles_each(found.tasks[0], handle_print);
    }
    while (found.count > 0) {
        object_release(&found.tasks[--found.count]->object);
    }
    return OK;
}

/* Threads in one of an endpoint's lists. */
struct waiters {
    unsigned count, more;
    struct {
        uint32_t thread;
        char task[TASK_NAME_BYTES];
    } rows[8];
};

/*
 * Reads the threads of one list. The endpoint's lock is held, so a thread in the list waits and
 * does not end. Returns false if the rows are full.
 */
static bool waiters_read_list(struct waiters *waiters, const struct list *list)
{
    list_for_each (node, list) {
        const struct ipc_state *state = container_of(node, struct ipc_state, node);
        if (waiters->count == array_length(waiters->rows)) {
            waiters->more = 1;
            return false;
        }
        if (state->owner != NULL) {
            const struct user_thread *user = container_of(state, struct user_thread, ipc);
            waiters->rows[waiters->count].thread = user->id;
            (void)string_copy(waiters->rows[waiters->count].task, TASK_NAME_BYTES,
                              user->task->name);
            waiters->count++;
        }
    }
    return true;
}

/*
 * Reads the threads of a queue, those of the highest priority first. The endpoint's lock is held.
 */
static void waiters_read(struct waiters *waiters, const struct priority_queue *queue)
{
    waiters->count = waiters->more = 0;
    for (unsigned priority = PRIORITY_QUEUE_LEVELS; priority-- > 0;) {
        if (!waiters_read_list(waiters, &queue->lists[priority])) {
            return;
        }
    }
}

static void waiters_print(const struct waiters *waiters, const char *what)
{
    for (unsigned i = 0; i < waiters->count; i++) {
        console_print("  thread %u (%s) %s\n", waiters->rows[i].thread, waiters->rows[i].task,
                      what);
    }
    if (waiters->more) {
        console_print("  and others\n");
    }
}

/* Shows an endpoint, for each handle that may receive from it. */
static void endpoint_print(const struct task *task, uint32_t handle,
                           const struct handle_value *value)
{
    static struct waiters callers, receivers; /* the monitor's thread only */
    if (value->object->type != OBJECT_ENDPOINT || (value->rights & RIGHT_RECEIVE) == 0) {
        return;
    }
    struct endpoint *endpoint = endpoint_of(value->object);
    uint64_t flags = spin_lock_irq_save(&endpoint->lock);
    waiters_read(&callers, &endpoint->callers);
    waiters_read(&receivers, &endpoint->receivers);
    spin_unlock_irq_restore(&endpoint->lock, flags);
    console_print("endpoint of task %u (%s), handle 0x%08x:%s\n", task->id, task->name, handle,
                  callers.count + receivers.count == 0 ? " nobody waits" : "");
    waiters_print(&receivers, "waits for a message");
    waiters_print(&callers, "waits until its call is received");
}

/* A thread whose call was received, and the threads that have rights to answer. */
struct ipc_row {
    uint32_t id;
    const void *state, *answers; /* its state; the state of the caller that it may answer */
    bool awaits;
    char name[TASK_NAME_BYTES];
};

struct ipc_rows {
    unsigned count, lost;
    struct ipc_row rows[8 * ROWS];
};

/* The list's lock is held, so thread->user is not freed meanwhile. */
static void ipc_row_take(struct thread *thread, void *context)
{
    struct ipc_rows *out = context;
    const struct user_thread *user = __atomic_load_n(&thread->user, __ATOMIC_RELAXED);
    if (user == NULL || user->task == NULL ||
        (user->ipc.phase != IPC_AWAITS_REPLY && user->ipc.right.caller == NULL)) {
        return;
    }
    if (out->count == array_length(out->rows)) {
        out->lost++;
        return;
    }
    struct ipc_row *row = &out->rows[out->count++];
    row->id = thread->id;
    row->state = &user->ipc;
    row->answers = user->ipc.right.caller;
    row->awaits = user->ipc.phase == IPC_AWAITS_REPLY;
    (void)string_copy(row->name, sizeof(row->name), thread->name);
}

static void answer_awaited_print(const struct ipc_rows *rows, const struct ipc_row *caller)
{
    for (unsigned i = 0; i < rows->count; i++) {
        if (rows->rows[i].answers == caller->state) {
            console_print("thread %u (%s) awaits the answer of thread %u (%s)\n", caller->id,
                          caller->name, rows->rows[i].id, rows->rows[i].name);
            return;
        }
    }
    console_print("thread %u (%s) awaits an answer; a reply handle has the right to it\n",
                  caller->id, caller->name);
}

/* How often calls left their direct path, and their fast path by reason. */
static void fast_path_print(void)
{
    console_print("%10lu  messages went by memory, and not in registers\n",
                  message_fast_by_frame());
    for (unsigned i = 0; i < MESSAGE_LEFT_REASONS; i++) {
        console_print("%10lu  %s\n", message_fast_left(i), message_fast_reason_text(i));
    }
}

/* With ipc=handoff: what became of stacks. */
static void handoff_print(void)
{
    struct handoff_counts counts;
    if (!handoff_wanted) {
        return;
    }
    handoff_counts_read(&counts);
    console_print("%10ld  threads wait without a stack\n", handoff_threads());
    console_print("%10lu  stacks were handed over in direct switches\n", counts.exchanged);
    console_print("%10lu  were given away; back: %lu from caches, %lu new pages\n", counts.given,
                  counts.cached, counts.filled);
}

MONITOR_COMMAND(ipc, "", "show who waits in IPC, where and for whom")
{
    static struct tasks_found found; /* the monitor's thread only */
    static struct ipc_rows rows;
    memset(&found, 0, sizeof(found));
    do {
        found.count = 0;
        task_for_each(found_take, &found);
        for (unsigned i = 0; i < found.count; i++) {
            found.from = found.tasks[i]->id + 1UL;
            handles_each(found.tasks[i], endpoint_print);
            object_release(&found.tasks[i]->object);
        }
    } while (found.count > 0 && !monitor_stop_wanted());
    rows.count = rows.lost = 0;
    thread_for_each(ipc_row_take, &rows);
    for (unsigned i = 0; i < rows.count; i++) {
        if (rows.rows[i].awaits) {
            answer_awaited_print(&rows, &rows.rows[i]);
        }
    }
    if (rows.lost > 0) {
        console_print("and %u threads more\n", rows.lost);
    }
    fast_path_print();
    handoff_print();
    return OK;
}
