/* See kernel_call.h. */
#include "kernel/ipc/kernel_call.h"

#include "lib/error.h"

int kernel_call(struct ipc_state *self, struct endpoint *endpoint, uint64_t deadline_ns,
                struct message *message, int *fault_status)
{
    const struct message own = self->message;
    self->message = *message;
    int error = ipc_call(self, endpoint, deadline_ns);
    if (error == ERROR_KILLED && self->faulted) {
        *fault_status = self->fault_status;
        error = ERROR_FAULT;
    }
    *message = self->message;
    self->message = own;
    return error;
}
