; The direct path of message calls with ipc=handoff, and where a thread goes on that gave its stack
; away while it waited in a message call (sched/stack/handoff.h), or without ipc=handoff what lay on
; it (kernel/ipc/ipc.h:ipc_wait).
;
; The path is that of message_direct.asm, with the same registers, but the other thread has no stack.
; The CPU stays on the caller's. Nine registers of user mode, of which two are the same in all threads,
; go from the caller's frame to its struct stack_handoff, and come from the other thread's. The two
; threads exchange their slots, so no hole and no page changes. C does the same:
; handoff.h:handoff_exchange(). A call whose receiver has a stack leaves the path.
;
; Stack: RSP is at the thread's struct trap_frame, at the top of its stack, as in message_direct.asm.
; With FRED a SYSCALL does not come here, but a thread that was woken does; then the way out is the
; general one, which takes all registers from the frame.

%define HANDOFF 1
%include "kernel/syscall/message_direct.inc"

extern syscall_message_slow
extern entry_mode_fred
extern handoff_counts
extern message_given_call_end
extern message_given_receive_end

global message_given_call
global message_given_reply_receive
global message_given_path_end
global message_given_call_woken
global message_given_receive_woken
global message_given_return

; In run_queue.sleeper_word `pending` is the third byte.
%define HANDED_WORD (HANDED_BITS << 16)
%define PAGES_WORD  (PENDING_PAGES << 16)

; CHECK_SWITCH continuation, member: leaves unless the other thread is handed and goes on at this
; continuation, with nothing else to do there, and this CPU may switch to it (handoff_check()). The
; member is as in message_direct.asm. The run queue is locked. RCX becomes the caller's thread.
%macro CHECK_SWITCH 2
    mov eax, [gs:run_queue + QUEUE_SLEEPER_WORD]
    or eax, HANDED_WORD
    mov ecx, [r11 + THREAD_STATE]
    and ecx, ~PAGES_WORD
    cmp ecx, eax
    jne .left_queue
    mov rcx, [r11 + THREAD_STACK_SAVED]
    cmp qword [rcx + HANDOFF_CONTINUATION], %1
    jne .left_queue
    movzx eax, byte [rcx + HANDOFF_TIMED]
    or al, [r15 + IPC_HOLDS]
    or rax, [r15 - USER_IPC + USER_HAZARDS]
    jnz .left_queue
    test dword [rcx + HANDOFF_RFLAGS], FLAGS_BY_IRETQ
    jnz .left_queue
    CHECK_REASONS %2
    or eax, [gs:run_queue + QUEUE_READY]
    jnz .ready
.possible:
%endmacro

; KEEP register: notes a register of the caller's frame in its struct stack_handoff, which is in RAX.
%macro KEEP 1
    mov rbx, [rsp + FRAME_%1]
    mov [rax + HANDOFF_%1], rbx
%endmacro

; SWITCH_OVER continuation: the caller is handed, and the other thread goes on in user mode on the
; caller's stack, with the words, RSI and RDI that are in the registers now.
%macro SWITCH_OVER 1
    mov rcx, [gs:thread_running]
    mov rax, [r14 + USER_IPC + IPC_HANDOFF]
    KEEP RBX
    KEEP RBP
    KEEP R14
    KEEP R15
    KEEP RIP
    KEEP RFLAGS
    KEEP RSP
    mov qword [rax + HANDOFF_CONTINUATION], %1

    ; the tops of the stacks; that of the caller's is known
    mov rbx, [r15 - USER_IPC + USER_STACK_TOP]
    mov [r14 + USER_STACK_TOP], rbx
    lea rbx, [rsp + USER_FRAME_ROOM]
    mov [r15 - USER_IPC + USER_STACK_TOP], rbx

    ; the slots, and with them the hole; from here on R14 is the other one's struct stack_handoff
    mov ebx, [rcx + THREAD_SLOT]
    mov r14d, [r11 + THREAD_SLOT]
    mov [r11 + THREAD_SLOT], ebx
    mov [rcx + THREAD_SLOT], r14d
    mov r14, [r11 + THREAD_STACK_SAVED]
    mov rbx, [rcx + THREAD_HOLE]
    mov [r11 + THREAD_HOLE], rbx
    mov [rcx + THREAD_STACK_SAVED], rax
    mov rbx, [r11 + THREAD_SAVED_RSP]
    mov [rcx + THREAD_SAVED_RSP], rbx
    mov al, [r11 + THREAD_PENDING]
    or [rcx + THREAD_PENDING], al
    mov byte [r11 + THREAD_PENDING], 0
    QUEUE_SWITCH
    inc qword [gs:handoff_counts + HANDOFF_EXCHANGED]
    TABLES_LOAD r15 - USER_IPC
    UNLOCK gs:run_queue + QUEUE_LOCK

    mov rax, r14
    mov r11, [rax + HANDOFF_RFLAGS]
    mov rcx, [rax + HANDOFF_RIP]
    mov rbx, [rax + HANDOFF_RBX]
    mov rbp, [rax + HANDOFF_RBP]
    mov r14, [rax + HANDOFF_R14]
    mov r15, [rax + HANDOFF_R15]
    mov rsp, [rax + HANDOFF_RSP]
    xor eax, eax
    jmp syscall_leave

    TABLES_ROUND
%endmacro

; WOKEN function: comes from thread_switch, and completes the call in C: function(struct
; switch_handover).
%macro WOKEN 1
    mov rdi, rdx
    mov rsi, rcx
    call %1
    cmp byte [entry_mode_fred], 0
    jne syscall_message_slow
    jmp done
%endmacro

section .text
align 64
message_given_call:
    CALL_PATH message_given_receive_woken, message_given_call_woken

align 64
message_given_reply_receive:
    REPLY_RECEIVE_PATH message_given_call_woken, message_given_receive_woken

message_given_path_end:                 ; of the direct path

message_given_call_woken:
    WOKEN message_given_call_end

message_given_receive_woken:
    WOKEN message_given_receive_end

; void message_given_return(struct trap_frame *frame, int64_t result): goes to user mode with the
; registers in the frame, which is another thread's than the one that entered. Not with FRED.
align 16
message_given_return:
    mov rsp, rdi
    lea rbp, [rsp + TRAP_FRAME_MARK]
    mov rax, rsi
done:
    mov rbx, [rsp + FRAME_RBX]
    mov r14, [rsp + FRAME_R14]
    mov r15, [rsp + FRAME_R15]
    jmp syscall_message_done
