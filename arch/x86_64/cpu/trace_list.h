/*
 * The kinds of trace events: number, name, and the meaning of `small`, `thread`, `a` and `b` in
 * struct trace_event. tools/trace/events.py reads this list. A number is never used for another
 * kind.
 */
#pragma once

/* clang-format off */
#define TRACE_LIST(KIND) \
    KIND(1, HEADER, "version", "", "TSC ticks a second", "CPUs") \
    KIND(2, NAME, "index of the first of 16 bytes", "the thread", "8 bytes of its name", "8 more") \
    KIND(3, SWITCH, "state of the thread that leaves; pages of its stack << 8", "the thread that leaves", "the next thread; bytes of the old stack in use << 32", "rounds in the magazine") \
    KIND(4, FAULT, "pages filled; rounds left << 8", "", "bytes of the stack above the address", "the instruction") \
    KIND(5, PATH, "index of the step; + 256 if the same follows", "", "a return address of the last FAULT or SAMPLE", "where on the stack it lies") \
    KIND(6, REFILL, "", "", "rounds that are needed", "rounds in the magazine") \
    KIND(7, REFILL_END, "", "", "1 if they are there", "rounds in the magazine; frames in the reserve << 32") \
    KIND(8, WAKE, "", "the thread that is woken", "its state before", "") \
    KIND(9, GATE_WAIT, "", "the thread that waits for memory", "pages that its stack misses", "") \
    KIND(10, GATE_WAIT_END, "", "the thread", "", "") \
    KIND(11, SHOOTDOWN, "", "", "the address", "bytes") \
    KIND(12, SHOOTDOWN_END, "", "", "the round that this CPU ran; 0 if another CPU's round served the request", "") \
    KIND(13, SWAP_OUT, "1 if its live bytes are saved, too", "the thread", "pages that are taken", "") \
    KIND(14, SWAP_IN, "", "the thread", "", "") \
    KIND(15, SWAP_IN_END, "", "the thread", "", "") \
    KIND(16, IPC, "number of the call; 256 on the fast path", "", "", "") \
    KIND(17, IPC_END, "as in IPC", "", "1 if the fast path left the call", "") \
    KIND(19, SAMPLE, "", "the thread", "bytes of its stack in use", "") \
    KIND(20, SHOOTDOWN_ACK, "", "", "the round that this CPU has answered", "") \
    KIND(21, REACHED, "", "", "a bit for each CPU of which all events before this time are written", "") \
    KIND(18, END, "1 if a ring was full", "", "events of all CPUs", "")
/* clang-format on */
