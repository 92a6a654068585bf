/*
 * The numbers that user programs and the kernel share: types of objects, rights of handles, and the
 * layout of message tags. No state.
 *
 * A handle is a number of 32 bits that names an object in the handle table of one task. It is never
 * 0. Each handle carries rights; a duplicate has the same rights or fewer.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/framebuffer_info.h"

enum object_type {
    OBJECT_TASK = 1,
    OBJECT_THREAD,
    OBJECT_ENDPOINT,
    OBJECT_REPLY,
    OBJECT_NOTIFICATION,
    OBJECT_TIMER,
    OBJECT_MEMORY,
    OBJECT_INTERRUPT,
    OBJECT_PORTS,
    OBJECT_INFORMATION,
    OBJECT_LOG,
    OBJECT_SYSTEM,
    OBJECT_CONSOLE,
};

/* Rights of a handle, by bit. The object's type says what READ, WRITE and MANAGE allow. */
#define RIGHT_DUPLICATE 0x01 /* make another handle to the object */
#define RIGHT_TRANSFER  0x02 /* pass the handle on in a message */
#define RIGHT_SEND      0x04 /* endpoint: call; notification: signal; reply: answer */
#define RIGHT_RECEIVE   0x08 /* endpoint: receive; notification: wait and poll */
#define RIGHT_READ      0x10
#define RIGHT_WRITE     0x20
#define RIGHT_EXECUTE   0x40 /* memory object: map it executable */
#define RIGHT_MANAGE    0x80 /* change, start, stop or end the object */
#define RIGHTS_ALL      0xff

/*
 * How memory_map() maps a part of a memory object. `rights` are RIGHT_READ, RIGHT_WRITE and
 * RIGHT_EXECUTE, the last two never together; 0 allows no access. With the bit MEMORY_MAP_STACK in
 * `rights` the mapping is a stack: the MEMORY_STACK_GUARD_BYTES below `address` stay unmapped, and
 * a touch of them is reported as a stack overflow.
 */
struct memory_mapping {
    uint64_t address; /* 0: the kernel chooses it */
    uint64_t bytes;   /* whole pages, as is `offset` */
    uint64_t offset;  /* in the memory object */
    uint64_t rights;
};

#define MEMORY_MAP_STACK         0x100UL
#define MEMORY_STACK_GUARD_BYTES 0x10000UL

/* Bytes of the longest name of a task, and its terminator. */
#define TASK_NAME_BYTES 32

/* Flags of thread_create(). */
/* For task_create(): a budget of seven eighths of the frames that the caller's task may own. */
#define TASK_FRAMES_MOST UINT64_MAX

#define THREAD_FPU 1 /* the thread may use x87, SSE and AVX; without it they raise an exception */

/* Bytes of the longest line that log_write() takes. */
#define LOG_WRITE_BYTES_MAX 256

/* What log_read() writes: this header, then lines of text, each with its time and a line end. */
struct log_chunk {
    uint64_t next; /* the position behind the last line: where the next log_read() begins */
    uint64_t lost; /* lines before the first one that were overwritten unread */
};

#define LOG_READ_BYTES_MIN 512 /* for the structure and the longest line */
#define LOG_READ_BYTES_MAX 4096

/* What stack_descend() does on the kernel stack of its caller, from its top so many bytes down. */
enum stack_descent_way {
    STACK_DESCENT_RECURSE, /* one function that calls itself */
    STACK_DESCENT_WALK,    /* one call for each node of a tree */
    STACK_DESCENT_PARSE,   /* two functions that call each other */
    STACK_DESCENT_SORT,    /* a sort of numbers in the worst order */
    STACK_DESCENT_LEAP,    /* one large local array, begun at its far end */
    STACK_DESCENT_WAYS,
};

/* One of these may be added to a way other than the sort, which would take long. */
#define STACK_DESCENT_INTERRUPTS_OFF 0x100
#define STACK_DESCENT_LOCK_HELD      0x200 /* a spinlock of the kernel */

#define STACK_DESCENT_TOUCHES 4

struct stack_descent {
    uint32_t pages_before, pages_after; /* of the stack that had memory */
    uint32_t calls;                     /* of these functions */
    uint32_t touches;                   /* of pages without memory; each was a page fault */
    uint64_t deepest;                   /* bytes below the top that were touched */
    uint32_t cpu;                       /* of the last touch of a page without memory */
    uint32_t unused;
    struct {
        uint64_t depth;     /* bytes below the top */
        uint64_t ticks;     /* of the TSC, above those of a store to a page that is there */
        uint32_t pages;     /* that the fault brought */
        uint32_t available; /* frames left in the CPU's magazine after it */
    } touch[STACK_DESCENT_TOUCHES];
};

/*
 * The devices that the console has, as console_describe() tells the program to which they were
 * handed over. The address of the display counts from the begin of the memory to which that call
 * opens a handle; without a screen the display's kind is FRAMEBUFFER_NONE.
 */
struct console_devices {
    struct framebuffer_info display;
    uint8_t has_serial, has_keyboard;
    uint8_t unused[6];
};

/* Actions of system_control(). */
#define SYSTEM_POWER_OFF 1
#define SYSTEM_REBOOT    2
#define SYSTEM_MONITOR   3 /* the monitor gets the console back, until its command `resume` */

/* Words of a message that travel in registers. */
#define MESSAGE_WORDS 6
/* Bytes of the longest message. */
#define MESSAGE_BYTES_MAX 4096
/* Handles in one message. */
#define MESSAGE_HANDLES_MAX 4

/*
 * Fields of a message's tag:
 *
 *   bits 0 to 12   bytes of a long message in the message buffer; 0: the message has none
 *   bits 13 to 15  number of handles
 *   bits 16 to 31  a label, which the kernel does not look at
 *   bit 32         do not wait for the other side to come
 *   bit 33         the message buffer has a deadline
 *   bit 34         only in a received tag: the kernel sent the message (lib/fault_message.h)
 *
 * All other bits are 0. A receiver gets bits 0 to 31 of the sender's tag.
 */
#define MESSAGE_TAG_BYTES_MASK    0x1fffUL
#define MESSAGE_TAG_HANDLES_SHIFT 13
#define MESSAGE_TAG_HANDLES_MASK  (7UL << MESSAGE_TAG_HANDLES_SHIFT)
#define MESSAGE_TAG_LABEL_SHIFT   16
#define MESSAGE_TAG_LABEL_MASK    (0xffffUL << MESSAGE_TAG_LABEL_SHIFT)
#define MESSAGE_TAG_POLL          (1UL << 32)
#define MESSAGE_TAG_DEADLINE      (1UL << 33)
#define MESSAGE_TAG_KERNEL        (1UL << 34)
#define MESSAGE_TAG_FLAGS         (MESSAGE_TAG_POLL | MESSAGE_TAG_DEADLINE)
#define MESSAGE_TAG_LOAD_MASK     (MESSAGE_TAG_BYTES_MASK | MESSAGE_TAG_HANDLES_MASK)
#define MESSAGE_TAG_MASK          (MESSAGE_TAG_LOAD_MASK | MESSAGE_TAG_LABEL_MASK | MESSAGE_TAG_FLAGS)

/*
 * A thread's message buffer, in its own memory. When the thread sends, the kernel reads as many
 * bytes and handles from the buffer as the tag says. When the thread receives, the kernel writes
 * the bytes and handles of the message there.
 */
struct message_buffer {
    uint8_t bytes[MESSAGE_BYTES_MAX];
    uint32_t handles[MESSAGE_HANDLES_MAX];
    uint64_t deadline_ns; /* of the clock; with MESSAGE_TAG_DEADLINE */
};

/* Returns the bytes of the long message that a tag announces. Context: ANY. */
static always_inline unsigned message_tag_bytes(uint64_t tag)
{
    return tag & MESSAGE_TAG_BYTES_MASK;
}

/* Returns the number of handles that a tag announces. Context: ANY. */
static always_inline unsigned message_tag_handles(uint64_t tag)
{
    return (tag & MESSAGE_TAG_HANDLES_MASK) >> MESSAGE_TAG_HANDLES_SHIFT;
}

/* Returns the label of a tag. Context: ANY. */
static always_inline unsigned message_tag_label(uint64_t tag)
{
    return (tag & MESSAGE_TAG_LABEL_MASK) >> MESSAGE_TAG_LABEL_SHIFT;
}

/*
 * Returns the tag for a label, a number of handles and the bytes of a long message. Each must be
 * within its limit. Context: ANY.
 */
static always_inline uint64_t message_tag(unsigned label, unsigned handles, unsigned bytes)
{
    return (uint64_t)label << MESSAGE_TAG_LABEL_SHIFT |
           (uint64_t)handles << MESSAGE_TAG_HANDLES_SHIFT | bytes;
}

/*
 * The registers of a thread in user mode, as a debugger reads and writes them. A write changes only
 * those bits of RFLAGS that user mode can change by itself, and RF.
 */
struct thread_registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags, fs_base;
};
