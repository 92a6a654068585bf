; The direct path of message calls: the six words of a message stay in the registers in which the
; sender's SYSCALL has left them, while the CPU goes over to a thread that sleeps in this file, and
; from there to user mode. message_fast.c describes what it does and why that is safe, and makes the
; calls that this path leaves: then nothing has changed.
;
; Stack: RSP is at the caller's struct trap_frame, at the top of its stack, which syscall_entry.asm
; has begun. A thread that sleeps here has two words below the frame, a struct switch_frame: the
; frame's address + 1 as RBP, and the address of message_direct_..._woken. So the CPU needs no other
; word of either stack: the other thread's frame has the registers that it goes on with.
;
; Registers: RDI is a handle, RSI the tag, RDX, R8, R9, R10, R12 and R13 are the words. The words and
; the tag are not touched. RBP is the mark of the caller's frame. In the path
;
;   R14  struct user_thread of the caller    RBX  the endpoint
;   R15  struct ipc_state of the other one   R11  struct thread of the other one
;   RAX, RCX  anything                       RDI  from some point on the badge, for the other one
;
; With FRED a SYSCALL does not come here.

%define HANDOFF 0
%include "arch/x86_64/cpu/patch_site.inc"
%include "kernel/syscall/message_direct.inc"

extern stack_use
extern message_call_woken
extern message_receive_woken
extern message_given_call
extern message_given_reply_receive

global message_direct_call
global message_direct_call_woken
global message_direct_reply_receive
global message_direct_receive_woken
global message_direct_end

; The frame of a thread that sleeps here, seen from its saved RSP.
%define SLEEP_CONTINUATION 8
%define SLEEP_FRAME        16

; CHECK_SWITCH continuation, member: leaves unless the other thread sleeps at this continuation, this
; CPU may switch to it (direct_switch.h), and two bytes of the caller's struct thread are 0: the one
; that says it is to end, and the member. The run queue is locked. RCX becomes the caller's thread.
%macro CHECK_SWITCH 2
    mov eax, [gs:run_queue + QUEUE_SLEEPER_WORD]
    cmp [r11 + THREAD_STATE], eax
    jne .left_queue
    mov rcx, [r11 + THREAD_SAVED_RSP]
    cmp qword [rcx + SLEEP_CONTINUATION], %1
    jne .left_queue
    cmp qword [r15 - USER_IPC + USER_HAZARDS], 0
    jne .left_queue
    test dword [rcx + SLEEP_FRAME + FRAME_RFLAGS], FLAGS_BY_IRETQ
    jnz .left_queue
    CHECK_REASONS %2
    or eax, [gs:run_queue + QUEUE_READY]
    jnz .ready
.possible:
%endmacro

; SWITCH_OVER continuation: the caller sleeps, and the other thread goes on in user mode, with the
; words, RSI and RDI that are in the registers now.
%macro SWITCH_OVER 1
    mov rcx, [gs:thread_running]
    push %1
    push rbp
    mov [rcx + THREAD_SAVED_RSP], rsp
    QUEUE_SWITCH
    mov rax, [r11 + THREAD_HOLE]        ; from here on no hole of the caller's stack is touched
    mov [gs:stack_use + STACK_USE_CURRENT], rax
    mov [gs:stack_use + STACK_USE_NEXT], rax
    TABLES_LOAD r15 - USER_IPC
    mov rax, [r11 + THREAD_SAVED_RSP]
    lea rcx, [rax + SLEEP_FRAME + FRAME_BYTES]
    mov [gs:cpu_task_state + TSS_RSP0], rcx
    UNLOCK gs:run_queue + QUEUE_LOCK

    mov r11, [rax + SLEEP_FRAME + FRAME_RFLAGS]
    mov rcx, [rax + SLEEP_FRAME + FRAME_RIP]
    mov rbx, [rax + SLEEP_FRAME + FRAME_RBX]
    mov rbp, [rax + SLEEP_FRAME + FRAME_RBP]
    mov r14, [rax + SLEEP_FRAME + FRAME_R14]
    mov r15, [rax + SLEEP_FRAME + FRAME_R15]
    mov rsp, [rax + SLEEP_FRAME + FRAME_RSP]
    xor eax, eax
    jmp syscall_leave

    TABLES_ROUND
%endmacro

; WOKEN function: a thread that sleeps here was not woken by this path. It comes from thread_switch,
; as in any switch, and completes its call in C: function(struct switch_handover).
%macro WOKEN 1
    mov rdi, rdx
    mov rsi, rcx
    call %1
    mov rbx, [rsp + FRAME_RBX]
    mov r14, [rsp + FRAME_R14]
    mov r15, [rsp + FRAME_R15]
    jmp syscall_message_done
%endmacro

; With stack=lend pages go from stack to stack in each switch, so all calls leave the path at once.
JUMP_SITE message_direct_call, SITE_KIND_LEND, message_direct_none
JUMP_SITE message_direct_call, SITE_KIND_LEND_BATCHED, message_direct_none
JUMP_SITE message_direct_reply_receive, SITE_KIND_LEND, message_direct_none
JUMP_SITE message_direct_reply_receive, SITE_KIND_LEND_BATCHED, message_direct_none
; With ipc=handoff one stack goes from thread to thread, with stack=lend, too: the last site counts.
JUMP_SITE message_direct_call, SITE_KIND_HANDOFF, message_given_call
JUMP_SITE message_direct_reply_receive, SITE_KIND_HANDOFF, message_given_reply_receive

section .text
message_direct_none:
    jmp syscall_message_frame

align 64
message_direct_call:
    CALL_PATH message_direct_receive_woken, message_direct_call_woken

message_direct_call_woken:
    WOKEN message_call_woken

align 64
message_direct_reply_receive:
    REPLY_RECEIVE_PATH message_direct_call_woken, message_direct_receive_woken

message_direct_receive_woken:
    WOKEN message_receive_woken

message_direct_end:                     ; of the path
