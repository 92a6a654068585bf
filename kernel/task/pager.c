/* See pager.h. */
#include "kernel/task/pager.h"

#include "arch/x86_64/time/clock.h"
#include "kernel/ipc/kernel_call.h"
#include "kernel/object/object_memory.h"
#include "kernel/task/user_thread.h"
#include "lib/error.h"
#include "lib/fault_message.h"
#include "mm/heap/kmalloc.h"

/* In messages the rights of regions are told as rights of handles. */
#define RIGHTS_SHIFT 4
static_assert(SPACE_READ << RIGHTS_SHIFT == RIGHT_READ &&
                  SPACE_WRITE << RIGHTS_SHIFT == RIGHT_WRITE &&
                  SPACE_EXECUTE << RIGHTS_SHIFT == RIGHT_EXECUTE,
              "the rights lie in another order");
static_assert(PAGER_PAGES_MAX == SPACE_PAGER_PAGES_MAX, "programs are told another limit");

struct pager {
    struct space_pager base; /* first */
    struct handle_value endpoint;
    uint64_t limit_ns;
};

int pager_create(const struct handle_value *endpoint, uint64_t limit_ns, struct space_pager **out)
{
    void *memory;
    int error = kmalloc(sizeof(struct pager), &memory);
    if (error == OK) {
        struct pager *pager = memory;
        *pager = (struct pager){.base.references = 1, .endpoint = *endpoint, .limit_ns = limit_ns};
        *out = &pager->base;
    }
    return error;
}

void pager_free(struct space_pager *base)
{
    struct pager *pager = container_of(base, struct pager, base);
    handle_value_release(&pager->endpoint);
    kfree(pager);
}

/* Says whether an answer gives the page that was asked for, and nothing that it may not give. */
static bool answer_is_valid(const struct space_page_question *question,
                            const struct space_page_answer *answer)
{
    /* LAB 9 BEGIN answer-is-valid: accept nothing that the pager may not give */
    return ((answer->offset | answer->bytes) & (PAGE_BYTES - 1)) == 0 &&
           answer->bytes <= SPACE_PAGER_PAGES_MAX * PAGE_BYTES &&
           question->offset - answer->offset < answer->bytes &&
           (answer->rights & (question->access | SPACE_READ)) == (question->access | SPACE_READ) &&
           (answer->rights & ~question->rights) == 0;
    /* LAB 9 END answer-is-valid */
}

/*
 * Reads which memory the pages come from, if the answer has a handle. Says whether it makes sense:
 * the handle names memory of this size that may be read, and the region's own memory may be
 * written by its creator.
 */
static bool source_read(const struct message *message, const struct space_page_question *question,
                        struct space_page_answer *answer)
{
    const struct message_load *load = message->load;
    if (load == NULL || load->handle_count == 0) {
        return true;
    }
    const struct handle_value *value = &load->handles[0];
    if (load->handle_count != 1 || value->object->type != OBJECT_MEMORY ||
        (value->rights & RIGHT_READ) == 0 || !question->may_be_given) {
        return false;
    }
    struct memory_object *from = object_memory_of(value->object);
    size_t offset = message->words[PAGER_GIVEN_FROM], bytes = memory_object_bytes(from);
    if (from->kind != MEMORY_ANONYMOUS || question->object->kind != MEMORY_ANONYMOUS ||
        (offset & (PAGE_BYTES - 1)) != 0 || offset > bytes || answer->bytes > bytes - offset) {
        return false;
    }
    memory_object_acquire(from);
    answer->from = from;
    answer->from_offset = offset;
    return true;
}

static must_check int answer_read(const struct message *message,
                                  const struct space_page_question *question,
                                  struct space_page_answer *answer, int *status)
{
    const uint64_t *words = message->words;
    if (words[PAGER_ANSWER] == PAGER_REFUSE) {
        *status = (int)words[PAGER_STATUS];
        answer->reason = "its pager refuses it";
        return ERROR_FAULT;
    }
    answer->reason = NULL;
    answer->from = NULL;
    answer->offset = words[PAGER_GIVEN_OFFSET];
    answer->bytes = words[PAGER_GIVEN_BYTES];
    answer->rights = (unsigned)(words[PAGER_GIVEN_RIGHTS] >> RIGHTS_SHIFT);
    if (words[PAGER_ANSWER] != PAGER_SUPPLY ||
        (words[PAGER_GIVEN_RIGHTS] & ~((uint64_t)SPACE_RIGHTS_ALL << RIGHTS_SHIFT)) != 0 ||
        !answer_is_valid(question, answer) || !source_read(message, question, answer)) {
        answer->reason = "the answer of its pager makes no sense";
        return ERROR_INVALID;
    }
    return OK;
}

static const char *failure_reason(int error)
{
    switch (error) {
    case ERROR_FAULT:
        return "its pager ended the thread";
    case ERROR_PEER_DIED:
        return "its pager has ended";
    case ERROR_TIMEOUT:
        return "its pager does not answer";
    default:
        return "its pager could not be asked";
    }
}

/* Makes the call, and reads the answer. With ERROR_FAULT *status is what the pager gave. */
static must_check int endpoint_ask(const struct pager *pager, struct user_thread *self,
                                   const struct space_page_question *question,
                                   struct space_page_answer *answer, int *status)
{
    /* LAB 9 BEGIN endpoint-ask: ask, wait no longer than the limit, read the answer */
    struct message message = {
        .words = {[PAGER_ADDRESS] = question->address,
                  [PAGER_ACCESS] = question->access << RIGHTS_SHIFT,
                  [PAGER_THREAD] = self->id,
                  [PAGER_REGION] = question->start,
                  [PAGER_OFFSET] = question->offset,
                  [PAGER_RIGHTS] = question->rights << RIGHTS_SHIFT},
        .tag = message_tag(MESSAGE_LABEL_PAGER, 0, 0) | MESSAGE_TAG_KERNEL,
        .badge = pager->endpoint.badge,
    };
    uint64_t now_ns = clock_now_ns();
    uint64_t deadline_ns =
        pager->limit_ns < WAIT_FOREVER - now_ns ? now_ns + pager->limit_ns : WAIT_FOREVER;
    int error =
        kernel_call(&self->ipc, endpoint_of(pager->endpoint.object), deadline_ns, &message, status);
    if (error == OK) {
        error = answer_read(&message, question, answer, status);
    } else {
        answer->reason = failure_reason(error);
    }
    ipc_load_free(&message);
    return error;
    /* LAB 9 END endpoint-ask */
}

int pager_ask(struct space_pager *base, const struct space_page_question *question,
              struct space_page_answer *answer)
{
    const struct pager *pager = container_of(base, struct pager, base);
    struct user_thread *self = thread_user();
    int status = 0, error;

    answer->reason = "its pager cannot be asked for a thread that is to end";
    if (self == NULL || self->pager_failed) {
        return ERROR_FAULT;
    }
    if (self->ipc.endpoint == endpoint_of(pager->endpoint.object)) {
        answer->reason = "its pager is the thread itself";
        error = ERROR_DEADLOCK;
    } else {
        error = endpoint_ask(pager, self, question, answer, &status);
    }
    if (error != OK && error != ERROR_KILLED) {
        self->pager_failed = true;
        self->status = error == ERROR_FAULT ? status : error;
    }
    return error;
}
