/* How often message calls left their fast path in a benchmark, by reason: comment lines. */
#pragma once

/* Notes the counts of kernel/syscall/message_fast.h. Context: THREAD. */
void message_counts_begin(void);

/*
 * Prints what has been added to them since: the messages that went from frame to frame, and each
 * reason that occurred. Context: THREAD.
 */
void message_counts_print(const char *name);
