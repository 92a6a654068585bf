/*
 * Where members lie in structures that the labs' grader reads from outside of the machine
 * (tools/lab/outside.py). It takes the numbers from the kernel's file, by the symbols.
 */
#include "kernel/ipc/endpoint.h"
#include "kernel/ipc/ipc_state.h"
#include "sched/core/run_queue.h"

#define LAYOUT(name, type, member)                                                                 \
    extern const uint32_t layout_##name;                                                           \
    const uint32_t layout_##name __attribute__((used)) = offsetof(type, member)

LAYOUT(queue_lists, struct run_queue, lists);
LAYOUT(queue_bits, struct run_queue, ready_bits);
LAYOUT(queue_runnable, struct run_queue, runnable);
LAYOUT(queue_current, struct run_queue, current);
LAYOUT(queue_idle, struct run_queue, idle);
LAYOUT(thread_node, struct thread, run_node);
LAYOUT(thread_state, struct thread, state);
LAYOUT(thread_priority, struct thread, priority);
LAYOUT(endpoint_callers, struct endpoint, callers);
LAYOUT(callers_lists, struct priority_queue, lists);
LAYOUT(ipc_node, struct ipc_state, node);
LAYOUT(ipc_message, struct ipc_state, message);
LAYOUT(ipc_phase, struct ipc_state, phase);
LAYOUT(ipc_call, struct ipc_state, call);
LAYOUT(ipc_right, struct ipc_state, right);
