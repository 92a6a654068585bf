/*
 * Stands in for the stubs of system calls where parts of the user library are compiled for the
 * host: tests/host/user_mutex_test.c makes notifications of its own.
 */
#pragma once

#include "lib/compiler.h"

int64_t sys_notification_create(void);
int64_t sys_notification_signal(uint64_t notification, uint64_t bits);
int64_t sys_notification_wait(uint64_t notification, uint64_t deadline, uint64_t *bits);
int64_t sys_handle_close(uint64_t handle);
