; The direct path of waits for a notification: a thread that waits goes to sleep, and the CPU goes over
; to a thread that was woken from such a wait, takes its bits, and returns from its call to user mode.
; notification_fast.c does the same in C, and makes the waits that this path leaves: then nothing has
; changed. A round trip of two signals and two waits takes 556 instructions; 710 with the function
; of notification_fast.c alone, and 834 when a woken thread returned through the C functions in which
; it had gone to sleep.
;
; Stack: RSP is at the caller's struct trap_frame, which syscall_entry.asm has begun. A thread that
; sleeps in this path has two words below its frame, as in message_direct.asm.
;
; Registers: RDI is the handle and RSI the deadline. RBP is the mark of the caller's frame. In the path
;
;   R14  struct user_thread of the caller    RBX  the notification that it waits for
;   R15  struct user_thread of the other     RDI  the notification that the other has waited for
;   R10  struct thread of the caller         R11  struct thread of the other
;   R9   saved RSP of the other              RAX, RCX, RSI  anything
;   RDX  the other's bits                    R8   the other's priority
;
; With FRED a SYSCALL does not come here.

%define HANDOFF 0
%include "arch/x86_64/cpu/patch_site.inc"
%include "kernel/syscall/message_direct.inc"

extern notification_direct_end
extern notification_direct_try
extern stack_use
extern syscall_pair_done

global notification_direct_wait
global notification_direct_woken
global notification_direct_path_end

; The frame of a thread that sleeps here, seen from its saved RSP.
%define SLEEP_CONTINUATION 8
%define SLEEP_FRAME        16

; With stack=lend pages go from stack to stack in each switch, and a trace records each switch.
JUMP_SITE notification_direct_wait, SITE_KIND_LEND, notification_direct_by_c
JUMP_SITE notification_direct_wait, SITE_KIND_LEND_BATCHED, notification_direct_by_c
JUMP_SITE notification_direct_wait, SITE_KIND_TRACE, notification_direct_none

section .text
align 64
notification_direct_wait:
    mov r14, [gs:user_context]

    ; the notification that the handle named the last time, if no handle was closed since
    mov eax, [r14 + USER_WAITS_HANDLE]
    cmp rax, rdi
    jne notification_direct_by_c
    mov rcx, [r14 + USER_IPC + IPC_HANDLES]
    mov rax, [rcx + TABLE_CLOSES]
    cmp rax, [r14 + USER_WAITS_CLOSES]
    jne notification_direct_by_c
    cmp rsi, -1
    jne notification_direct_by_c        ; there is a deadline
    mov rbx, [r14 + USER_WAITS_OBJECT]
    TRY_LOCK rbx + NOTIFICATION_LOCK, notification_direct_by_c
    movzx eax, byte [rbx + NOTIFICATION_OVER]
    or rax, [rbx + NOTIFICATION_BITS]
    jnz .left_own

    ; the thread that runs next: direct_sleep_begin()
    TRY_LOCK gs:run_queue + QUEUE_LOCK, .left_own
    bsr r8d, [gs:run_queue + QUEUE_READY]
    jz .left_queue
    mov ecx, r8d
    shl ecx, SHIFT_LIST
    mov r11, [gs:run_queue + QUEUE_LISTS + rcx + LIST_NEXT]
    sub r11, THREAD_RUN_NODE
    cmp byte [r11 + THREAD_PENDING], 0  ; first, because a stack with pending work may be absent
    jne .left_queue
    mov r9, [r11 + THREAD_SAVED_RSP]
    cmp qword [r9 + SLEEP_CONTINUATION], notification_direct_woken
    jne .left_queue
    mov r15, [r11 + THREAD_USER]
    mov r10, [gs:thread_running]
    movzx eax, byte [r10 + THREAD_KILL_WANTED]
    or al, [r11 + THREAD_KILL_WANTED]
    or eax, [gs:magazine + MAGAZINE_TAKEN]
    or eax, [r14 + USER_SPECIAL]
    or rax, [r15 + USER_HAZARDS]        ; and `special`
    jnz .left_queue
    test dword [r9 + SLEEP_FRAME + FRAME_RFLAGS], FLAGS_BY_IRETQ
    jnz .left_queue

    ; Its bits. A thread that was not killed has been taken off its notification's queue by a signal.
    mov rdi, [r15 + USER_WAITS_OBJECT]
    TRY_LOCK rdi + NOTIFICATION_LOCK, .left_queue
    mov rdx, [rdi + NOTIFICATION_BITS]
    test rdx, rdx
    jz .left_other
    mov qword [rdi + NOTIFICATION_BITS], 0
    UNLOCK rdi + NOTIFICATION_LOCK

    ; run_queue_take_first()
    mov rax, [r11 + THREAD_RUN_NODE + LIST_NEXT]
    mov rcx, [r11 + THREAD_RUN_NODE + LIST_PREVIOUS]
    mov [rcx + LIST_NEXT], rax
    mov [rax + LIST_PREVIOUS], rcx
    cmp rax, rcx
    jne .more
    btr [gs:run_queue + QUEUE_READY], r8d
.more:
    dec dword [gs:run_queue + QUEUE_RUNNABLE]
    mov dword [gs:reschedule_wanted], 0

    ; the caller waits
    lea rcx, [rbx + NOTIFICATION_WAITERS]
    mov rax, [rcx + LIST_PREVIOUS]
    lea rsi, [r10 + THREAD_WAIT_NODE]
    mov [rsi + LIST_NEXT], rcx
    mov [rsi + LIST_PREVIOUS], rax
    mov [rax + LIST_NEXT], rsi
    mov [rcx + LIST_PREVIOUS], rsi
    UNLOCK rbx + NOTIFICATION_LOCK

    ; the switch: switch_begin(), user_thread_load_from() and finish_switch()
    mov [rsp + FRAME_R12], r12
    mov [rsp + FRAME_R13], r13
    push notification_direct_woken
    push rbp
    mov [r10 + THREAD_SAVED_RSP], rsp
%if INVARIANT_BUILD
    mov dword [r10 + THREAD_DEPTH_SECTIONS], 0
%endif
    mov byte [r10 + THREAD_STATE], STATE_BLOCKED
    mov byte [r11 + THREAD_STATE], STATE_RUNNING
    mov [gs:run_queue + QUEUE_CURRENT], r11
    inc qword [gs:run_queue + QUEUE_SWITCHES]
    mov [gs:thread_running], r11
    mov rax, [r11 + THREAD_HOLE]        ; from here on no hole of the caller's stack is touched
    mov [gs:stack_use + STACK_USE_CURRENT], rax
    mov [gs:stack_use + STACK_USE_NEXT], rax
    TABLES_LOAD r15
    lea rcx, [r9 + SLEEP_FRAME + FRAME_BYTES]
    mov [gs:cpu_task_state + TSS_RSP0], rcx
    UNLOCK gs:run_queue + QUEUE_LOCK

    mov r11, [r9 + SLEEP_FRAME + FRAME_RFLAGS]
    mov rcx, [r9 + SLEEP_FRAME + FRAME_RIP]
    mov rbx, [r9 + SLEEP_FRAME + FRAME_RBX]
    mov rbp, [r9 + SLEEP_FRAME + FRAME_RBP]
    mov r12, [r9 + SLEEP_FRAME + FRAME_R12]
    mov r13, [r9 + SLEEP_FRAME + FRAME_R13]
    mov r14, [r9 + SLEEP_FRAME + FRAME_R14]
    mov r15, [r9 + SLEEP_FRAME + FRAME_R15]
    mov rsp, [r9 + SLEEP_FRAME + FRAME_RSP]
    xor eax, eax
    xor edi, edi
    xor esi, esi
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    jmp syscall_leave

    TABLES_ROUND

.left_other:
    UNLOCK rdi + NOTIFICATION_LOCK
.left_queue:
    UNLOCK gs:run_queue + QUEUE_LOCK
.left_own:
    UNLOCK rbx + NOTIFICATION_LOCK
    mov edi, [r14 + USER_WAITS_HANDLE]
    mov rsi, -1

; The same by the C function, which gets the handle and the deadline.
notification_direct_by_c:
    mov dword [rsp + FRAME_ERROR], 0
    mov [rsp + FRAME_R12], r12
    mov [rsp + FRAME_R13], r13
    mov [rsp + FRAME_RDI], rdi
    mov [rsp + FRAME_RSI], rsi
    call notification_direct_try
    mov rbx, [rsp + FRAME_RBX]
    mov r14, [rsp + FRAME_R14]
    mov r15, [rsp + FRAME_R15]
    test rax, rax
    jle syscall_pair_done

    ; The other registers are no arguments, and hold values of the C function.
    mov eax, NUMBER_NOTIFICATION_WAIT
    mov rdi, [rsp + FRAME_RDI]
    mov rsi, [rsp + FRAME_RSI]
    xor edx, edx
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
notification_direct_none:
    jmp syscall_message_frame

; From thread_switch, as in any switch: RDX and RCX are the struct switch_handover.
notification_direct_woken:
    mov rdi, rdx
    mov rsi, rcx
    call notification_direct_end
    mov rbx, [rsp + FRAME_RBX]
    mov r12, [rsp + FRAME_R12]
    mov r13, [rsp + FRAME_R13]
    mov r14, [rsp + FRAME_R14]
    mov r15, [rsp + FRAME_R15]
    jmp syscall_pair_done

notification_direct_path_end:           ; of the path
