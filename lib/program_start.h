/*
 * The information that a program is given when it starts. Its loader (the kernel for the first
 * program, user programs for all others) writes this structure into the topmost page of the new
 * stack and puts its address into RDI of the first thread.
 */
#pragma once

#include "lib/compiler.h"

#define PROGRAM_START_VERSION   1
#define PROGRAM_ARGUMENTS_BYTES 256

/*
 * Where a program and its first stack lie. A page of the stack gets memory when it is touched.
 * Segments of a file lie in [PROGRAM_ADDRESS, PROGRAM_ADDRESS_END).
 */
#define PROGRAM_ADDRESS     0x0000000000010000UL
#define PROGRAM_ADDRESS_END 0x0000400000000000UL
#define PROGRAM_STACK_TOP   0x00007fffffff0000UL
#define PROGRAM_STACK_BYTES 0x100000UL

/* The priority of a program's first thread, of 0 to 31, unless its creator chose another one. */
#define PROGRAM_PRIORITY 16

/* Handles by what they are for. A program has those that its creator gave it; 0 stands for none. */
enum program_handle {
    PROGRAM_HANDLE_TASK,        /* the program's own task */
    PROGRAM_HANDLE_THREAD,      /* its first thread */
    PROGRAM_HANDLE_PARENT,      /* what its creator gave it: an endpoint to call, for instance */
    PROGRAM_HANDLE_LOG,         /* the kernel's log */
    PROGRAM_HANDLE_INFORMATION, /* information about the whole system: lib/information.h */
    PROGRAM_HANDLE_PORTS,       /* I/O ports */
    PROGRAM_HANDLE_SYSTEM,      /* the right to make objects of devices */
    PROGRAM_HANDLE_ARCHIVE,     /* a memory object: the archive of the boot loader */
    PROGRAM_HANDLE_NAMES,       /* the name service */
    /*
     * Input and output: each is an endpoint of the protocol `bytes`, or a pipe: the memory of the
     * pipe and its two notifications (DATA and ROOM).
     */
    PROGRAM_HANDLE_INPUT,
    PROGRAM_HANDLE_INPUT_DATA,
    PROGRAM_HANDLE_INPUT_ROOM,
    PROGRAM_HANDLE_OUTPUT,
    PROGRAM_HANDLE_OUTPUT_DATA,
    PROGRAM_HANDLE_OUTPUT_ROOM,
    PROGRAM_HANDLE_COMPLAINTS, /* for error messages: an endpoint of the protocol `bytes` */
    PROGRAM_HANDLE_COUNT,
};

struct program_start {
    uint32_t version; /* PROGRAM_START_VERSION */
    uint32_t bytes;   /* sizeof(struct program_start) of its writer */
    uint32_t handles[PROGRAM_HANDLE_COUNT];
    uint64_t archive_bytes;                  /* of PROGRAM_HANDLE_ARCHIVE */
    uint64_t stack_bytes;                    /* of the first thread's stack */
    uint64_t priority;                       /* of the first thread when it starts */
    char arguments[PROGRAM_ARGUMENTS_BYTES]; /* words between spaces, the program's name first */
};
