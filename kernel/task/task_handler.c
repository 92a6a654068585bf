/* See task_handler.h. */
#include "kernel/task/task_handler.h"

#include "arch/x86_64/entry/vectors.h"
#include "kernel/ipc/kernel_call.h"
#include "kernel/task/user_thread_stop.h"
#include "lib/error.h"
#include "lib/fault_message.h"
#include "lib/string.h"

/* The rights of the handle to the thread that the handler gets. */
#define THREAD_RIGHTS (RIGHT_READ | RIGHT_MANAGE | RIGHT_DUPLICATE | RIGHT_TRANSFER)

static void handler_exchange(struct task *task, const struct handle_value *value)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    struct handle_value old = task->handler;
    task->handler = *value;
    spin_unlock_irq_restore(&task->lock, flags);
    if (old.object != NULL) {
        handle_value_release(&old);
    }
}

int task_handler_set(struct task *task, const struct handle_value *value)
{
    int error = task_change_begin(task);
    if (error == OK) {
        handler_exchange(task, value);
        task_change_end(task);
    }
    return error;
}

void task_handler_drop(struct task *task)
{
    const struct handle_value none = {.object = NULL};
    handler_exchange(task, &none);
}

/* Returns the handler with a reference, or NULL. */
static struct endpoint *handler_acquire(struct task *task, uint64_t *badge)
{
    uint64_t flags = spin_lock_irq_save(&task->lock);
    struct object *object = task->handler.object;
    *badge = task->handler.badge;
    if (object != NULL) {
        object_acquire(object);
    }
    spin_unlock_irq_restore(&task->lock, flags);
    return object != NULL ? endpoint_of(object) : NULL;
}

static uint64_t access_of(const struct trap_frame *frame)
{
    if (frame->vector != VECTOR_PAGE_FAULT) {
        return 0;
    }
    if (frame->error & PAGE_FAULT_FETCH) {
        return RIGHT_EXECUTE;
    }
    return frame->error & PAGE_FAULT_WRITE ? RIGHT_WRITE : RIGHT_READ;
}

/* Makes the message; its load has the report and a handle to the thread. */
static must_check int message_make(struct user_thread *self, const struct trap_frame *frame,
                                   const char *cause, int error, struct message *message)
{
    struct message_load *load;
    bool is_page_fault = frame->vector == VECTOR_PAGE_FAULT;
    unsigned bytes = (unsigned)strlen(cause);
    int made = ipc_load_create(bytes, &load);
    if (made == ERROR_NO_MEMORY) {
        made = ipc_load_take(bytes, budget_is_outermost(self->task->budget), &load);
    }
    if (made != OK) {
        return made;
    }
    memcpy(load->bytes, cause, bytes);
    load->handles[0] = (struct handle_value){.object = &self->object, .rights = THREAD_RIGHTS};
    load->handle_count = 1;
    object_handle_acquire(&self->object, THREAD_RIGHTS);
    message->load = load;
    message->tag = message_tag(MESSAGE_LABEL_EXCEPTION, 1, bytes) | MESSAGE_TAG_KERNEL;
    message->words[EXCEPTION_THREAD] = self->id;
    message->words[EXCEPTION_VECTOR] = frame->vector;
    message->words[EXCEPTION_ADDRESS] = is_page_fault ? frame->address : 0;
    message->words[EXCEPTION_ACCESS] = access_of(frame);
    message->words[EXCEPTION_RIP] = frame->rip;
    message->words[EXCEPTION_ERROR] = is_page_fault ? (uint64_t)(int64_t)error : frame->error;
    return OK;
}

/*
 * Returns what the result of the call, and the answer, say about the thread; sets *status for
 * HANDLER_END.
 */
static enum handler_verdict answer_read(int error, const struct message *answer, int fault_status,
                                        int *status)
{
    if (error == ERROR_KILLED) {
        return HANDLER_RESUME;
    }
    if (error == ERROR_FAULT) {
        *status = fault_status;
    } else if (error != OK) {
        *status = error;
    } else if (answer->words[EXCEPTION_ANSWER] == EXCEPTION_RESUME) {
        return HANDLER_RESUME;
    } else {
        *status = answer->words[EXCEPTION_ANSWER] == EXCEPTION_END
                      ? (int)answer->words[EXCEPTION_STATUS]
                      : ERROR_INVALID;
    }
    return HANDLER_END;
}

static enum handler_verdict endpoint_ask(struct endpoint *endpoint, struct message *message,
                                         struct user_thread *self, struct trap_frame *frame,
                                         int *status)
{
    int fault_status = 0;
    user_thread_stopped_begin(self, frame);
    int error = kernel_call(&self->ipc, endpoint, WAIT_FOREVER, message, &fault_status);
    user_thread_stopped_end(self);
    enum handler_verdict verdict = answer_read(error, message, fault_status, status);
    ipc_load_free(message);
    return verdict;
}

enum handler_verdict task_handler_ask(struct trap_frame *frame, const char *cause, int error,
                                      int *status)
{
    struct user_thread *self = thread_user();
    enum handler_verdict verdict = HANDLER_NONE;
    struct message message = {.tag = 0};
    struct endpoint *endpoint = handler_acquire(self->task, &message.badge);

    if (endpoint == NULL) {
        return HANDLER_NONE;
    }
    /* A thread that serves the endpoint would wait for itself. */
    if (self->ipc.endpoint != endpoint && message_make(self, frame, cause, error, &message) == OK) {
        verdict = endpoint_ask(endpoint, &message, self, frame, status);
    }
    object_release(&endpoint->object);
    return verdict;
}
