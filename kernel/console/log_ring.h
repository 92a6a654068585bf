/*
 * The log: each line of log_error() and the other log functions is kept in a ring, with its time.
 * Lines of the level that log_level_set() sets, and of more important levels, are also shown on the
 * console.
 */
#pragma once

#include "arch/x86_64/cpu/log.h"
#include "kernel/console/console.h"
#include "lib/compiler.h"

/*
 * Keeps one line with the time since boot, and shows it on the console if its level is important
 * enough. For kernel/hooks.c: the hook log_handler. Context: that of log_print().
 */
void log_handle(enum log_level level, const char *format, va_list arguments) printf_like(2, 0);

/* Sets the level of the least important lines that are shown; LOG_INFO at first. Context: ANY. */
void log_level_set(enum log_level level);

/*
 * Stores the level that "error", "warn", "info" or "debug" names. Context: ANY. Errors:
 * ERROR_INVALID.
 */
must_check int log_level_parse(const char *text, enum log_level *level);

/*
 * Calls `show` for every line in the ring that has this level or a more important one, oldest
 * first. A line begins with its time and has no newline. No lock is held meanwhile; lines that the
 * ring overwrites meanwhile are left out. Context: THREAD.
 */
void log_each(enum log_level level,
              void (*show)(void *context, enum log_level level, const char *line), void *context);

/* Returns how many lines were ever written. Context: ANY. */
uint64_t log_lines_written(void);

/*
 * Copies lines from line number *from on, each ended by a newline, as many whole ones as `bytes`
 * bytes hold. (One is copied at least if there is room for the longest line.) The first line since
 * boot has number 0. Sets *from to the number behind the last line copied, and *lost to the number
 * of lines that were skipped because the ring had overwritten them. Returns how many bytes were
 * copied. Context: THREAD.
 */
must_check size_t log_copy(uint64_t *from, char *to, size_t bytes, uint64_t *lost);

/* Returns the style in which lines of a level are shown. Context: ANY. */
enum console_style log_level_style(enum log_level level);
