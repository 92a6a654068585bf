/* Tasks for tests: with the pages of tests/user/user_code.asm, data, and stacks. */
#pragma once

#include "kernel/task/user_thread.h"
#include "tests/support/user_world.h"

#define TASK_STACKS     0x10000000UL
#define TASK_STACK_STEP 0x10000UL

/*
 * Creates a task that has the code at USER_WORLD_CODE, a page of data at USER_WORLD_DATA, and room
 * for the stacks of `threads` threads. Returns NULL, and fails the test, if that cannot be had.
 * Context: THREAD.
 */
struct task *task_fixture_create(unsigned threads);

/* Kills a task, waits until it has ended, and releases it. Context: THREAD. */
void task_fixture_end(struct task *task);

/* Starts thread number `index` at a label of user_code.asm. NULL fails the test. Context: THREAD. */
struct user_thread *task_fixture_start(struct task *task, unsigned index, const char *code,
                                       uint64_t argument, uint64_t affinity);

/* Returns where the kernel sees the task's page of data; it is filled first. Context: THREAD. */
volatile uint64_t *task_fixture_data(struct task *task);
