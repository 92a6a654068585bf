/* The registers in which a program gets the words of a message: syscall_list.h. */
#pragma once

#include "arch/x86_64/entry/trap_frame.h"
#include "kernel/ipc/ipc_state.h"

/* Reads the words of a message from the registers of a frame. Context: ANY. */
static always_inline void message_words_from_frame(struct message *message,
                                                   const struct trap_frame *frame)
{
    message->words[0] = frame->rdx;
    message->words[1] = frame->r8;
    message->words[2] = frame->r9;
    message->words[3] = frame->r10;
    message->words[4] = frame->r12;
    message->words[5] = frame->r13;
}

/* Writes a message into the registers of a frame, but for the result of the call. Context: ANY. */
static always_inline void message_to_frame(struct trap_frame *frame, const struct message *message)
{
    frame->rdi = message->badge;
    frame->rsi = message->tag;
    frame->rdx = message->words[0];
    frame->r8 = message->words[1];
    frame->r9 = message->words[2];
    frame->r10 = message->words[3];
    frame->r12 = message->words[4];
    frame->r13 = message->words[5];
}
