/*
 * Where asynchronous events enter. A file of its own, because few files depend on it, and a lab and
 * a build change it.
 */
#pragma once

#include "arch/x86_64/entry/vectors.h"

/*
 * The kind of stack for interrupts, NMI and #DB. The lesson build lets them enter on the stack in
 * use, to show how events are lost there. No other build may do so.
 */
#ifdef LESSON_LOST_EVENTS
#define ENTRY_ASYNCHRONOUS(kind) ENTRY_THREAD
#else
/* LAB 6 BEGIN asynchronous: the kind of stack for an event that may come at any time */
#define ENTRY_ASYNCHRONOUS(kind) kind
/* LAB 6 END asynchronous */
#endif
