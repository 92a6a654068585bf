/* The part of the latency workload that has to do with handles and IPC. */
#pragma once

/*
 * Ends an endpoint with many callers, another with many receivers, a notification with many
 * waiters, and a full table of handles. Context: THREAD.
 */
void latency_ipc_run(void);
