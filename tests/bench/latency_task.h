/* The part of the latency workload that has to do with tasks and their memory. */
#pragma once

/*
 * Ends a task of many threads, unmaps 1 GiB with as many pages as there is memory for, and passes a
 * priority along a chain of calls. Context: THREAD.
 */
void latency_task_run(void);
