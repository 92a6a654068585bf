/*
 * The end of a message call whose thread gave up what lay on its stack while it waited, or the stack
 * itself (ipc=handoff). The thread goes on with a stack that has its frame and nothing else.
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
    bool holds = self->holds;
    self->holds = false;
    interrupts_enable();
    int error = holds ? ipc_call_given_end(self, self->calling) : ipc_call_end(self);
    if (holds) {
        object_release(&self->calling->object);
    }
    int64_t result = message_call_end(self, error);
    interrupts_disable();
    return result;
}

/* Says whether the thread sleeps with a deadline. Without ipc=handoff such a thread keeps it all. */
static always_inline bool is_timed(const struct ipc_state *self)
{
    return self->handoff != NULL && self->handoff->timed;
}

/* The same of a receive. */
static never_inline int64_t receive_end(struct ipc_state *self)
{
    interrupts_enable();
    uint64_t deadline_ns = is_timed(self) ? self->handoff->deadline_ns : WAIT_FOREVER;
    int64_t result =
        message_receive_end_until(self, deadline_ns, ipc_receive_given_end(self, self->endpoint));
    interrupts_disable();
    return result;
}

int64_t message_given_call_result(struct ipc_state *self)
{
    return likely(self->phase == IPC_IDLE && !self->holds) ? OK : call_end(self);
}

int64_t message_given_receive_result(struct ipc_state *self)
{
    return likely(self->phase == IPC_IDLE && !is_timed(self)) ? OK : receive_end(self);
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
