/*
 * Message calls in the trace. The tables of system calls get functions that record the beginning
 * and the end of each call, so nothing is executed for the trace where there is none.
 */
#pragma once

/* Puts these functions into the tables if a trace was chosen. Context: boot, on CPU 0, while the
 * kernel's constants are writable. */
void trace_calls_patch(void);
