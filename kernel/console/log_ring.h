/*
 * The log: every line that log_error() and the like say is kept in a ring with its time, whatever
 * its level, and shown on the console if its level is wanted. Any context but NMI, #MC and #DF.
 */
#pragma once

#include "arch/x86_64/cpu/log.h"
#include "kernel/console/console.h"
#include "lib/compiler.h"

/*
 * Keeps one line with the time since boot, and shows it if its level is wanted. Context: that of
 * log_print().
 */
void log_handle(enum log_level level, const char *format, va_list arguments) printf_like(2, 0);

/* Shows lines of this level and the more important ones; LOG_INFO at first. */
void log_level_set(enum log_level level);

/* "error", "warn", "info" or "debug" as a level; ERROR_INVALID for anything else. */
must_check int log_level_parse(const char *text, enum log_level *level);

/*
 * Calls `show` for every line in the ring of this level or more important, oldest first, with its
 * time before it and without a newline; without holding the lock. Lines that the ring loses
 * meanwhile are left out. Thread context.
 */
void log_each(enum log_level level,
              void (*show)(void *context, enum log_level level, const char *line), void *context);

/* The style in which lines of a level are shown. */
enum console_style log_level_style(enum log_level level);
