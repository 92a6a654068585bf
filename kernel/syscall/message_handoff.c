/*
 * The end of a message call whose thread gave its stack away while it waited (ipc=handoff). The
 * thread goes on with a stack that has its frame and nothing else.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/ipc/ipc.h"
#include "kernel/syscall/message_direct.h"
#include "kernel/syscall/message_end.h"
#include "kernel/task/user_thread.h"
#include "lib/error.h"
#include "sched/core/dispatch.h"

/* The call began in ipc_call(), or it was not ended by a direct switch. */
static never_inline int64_t call_end(struct ipc_state *self)
{
    struct object *held = self->handoff->held;
    self->handoff->held = NULL;
    interrupts_enable();
    int error = held != NULL ? ipc_call_given_end(self, endpoint_of(held)) : ipc_call_end(self);
    if (held != NULL) {
        object_release(held);
    }
    int64_t result = message_call_end(self, error);
    interrupts_disable();
    return result;
}

/* The same of a receive. */
static never_inline int64_t receive_end(struct ipc_state *self)
{
    interrupts_enable();
    uint64_t deadline_ns = self->handoff->timed ? self->handoff->deadline_ns : WAIT_FOREVER;
    int64_t result =
        message_receive_end_until(self, deadline_ns, ipc_receive_given_end(self, self->endpoint));
    interrupts_disable();
    return result;
}

int64_t message_given_call_result(struct ipc_state *self)
{
    return likely(self->phase == IPC_IDLE && self->handoff->held == NULL) ? OK : call_end(self);
}

int64_t message_given_receive_result(struct ipc_state *self)
{
    return likely(self->phase == IPC_IDLE && !self->handoff->timed) ? OK : receive_end(self);
}

int64_t message_given_call_end(struct switch_handover handover)
{
    finish_switch(handover);
    return message_given_call_result(&thread_user()->ipc);
}

int64_t message_given_receive_end(struct switch_handover handover)
{
    finish_switch(handover);
    return message_given_receive_result(&thread_user()->ipc);
}
