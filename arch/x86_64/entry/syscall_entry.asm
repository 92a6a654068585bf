; Entry and exit of system calls by SYSCALL and SYSRET, and the first entry into user mode.
;
; SYSCALL stores the user's RIP in RCX and RFLAGS in R11, and clears the flags that MSR_SYSCALL_MASK
; names (IF, DF, TF, AC, NT, IOPL). It changes neither RSP nor GS. Until SWAPGS this CPU's variables
; cannot be reached. Only NMI, #MC and #DB can arrive there; they have entry stacks, and know their
; CPU from the address of the stack (entry.asm).
;
; Stack: the thread's kernel stack from its top on: 16 bytes that only FRED uses, then a struct
; trap_frame with the vector VECTOR_SYSCALL. Of the general registers only RBX, RBP and R12 to R15
; are stored in it, and in a message call RAX, RDI, RSI, RDX, R8, R9 and R10 as well.
;
; A message call first goes to its fast path, with interrupts still off.
;
; Registers: the number is in RAX, the arguments are in RDI, RSI, RDX, R10, R8, R9. The C function
; gets R10 in RCX, as the C ABI requires. On return RAX is its result; RCX and R11 are the user's
; RIP and RFLAGS, which SYSRET takes from there. RBX, RBP and R12 to R15 are as before, and RDI,
; RSI, RDX, R8, R9 and R10 are 0; at syscall_pair_done RDX has a second result. After a message call
; RDI, RSI, RDX, R8, R9, R10, R12 and R13 come from the frame, where the call may have stored words of
; a message.

%include "arch/x86_64/entry/entry_frame.inc"

extern cpu_task_state
extern user_context
extern user_return
extern entry_return
extern entry_mode_fred
extern fred_user_return
extern syscall_table
extern syscall_direct_table
extern syscall_fast_table
extern syscall_count
extern syscall_message_count

global syscall_entry
global syscall_message_frame
global syscall_message_done
global syscall_message_slow
global syscall_pair_done
global syscall_leave
global syscall_path_end
global user_enter_at
global user_leave
global syscall_user_rsp

; Flags that need IRETQ, RF and TF: SYSRET does not restore RF, and makes TF take effect too late.
%define FLAGS_BY_IRETQ 0x10100

section .percpu progbits alloc write align=8
syscall_user_rsp: dq 0

syscall_message_frame equ syscall_entry.message_frame
syscall_message_done  equ syscall_entry.message_done
syscall_message_slow  equ syscall_entry.message_slow
syscall_pair_done     equ syscall_entry.pair_done
syscall_leave         equ syscall_entry.leave

section .text
align 64
syscall_entry:
    swapgs
    mov [gs:syscall_user_rsp], rsp
    mov rsp, [gs:cpu_task_state + TSS_RSP0]
    push SELECTOR_USER_DATA
    push qword [gs:syscall_user_rsp]
    push r11
    push SELECTOR_USER_CODE
    push rcx
    sub rsp, FRAME_RIP
    mov dword [rsp + FRAME_VECTOR], VECTOR_SYSCALL
    mov [rsp + FRAME_RBX], rbx
    mov [rsp + FRAME_RBP], rbp
    mov [rsp + FRAME_R14], r14
    mov [rsp + FRAME_R15], r15
    lea rbp, [rsp + 1]                  ; the mark of a trap frame, for backtraces
    cmp rax, [syscall_message_count]
    jb .message
    mov dword [rsp + FRAME_ERROR], 0
    mov [rsp + FRAME_R12], r12
    mov [rsp + FRAME_R13], r13
    sti
    cmp rax, [syscall_count]
    jae .unknown
    mov rcx, r10
    call [syscall_table + rax * 8]
.done:
    cli
    xor edx, edx
.pair_done:                             ; RDX is the second result
    mov rcx, [gs:user_context]
    cmp dword [rcx + USER_CONTEXT_HAZARDS], 0
    jne .slow
    mov r11, [rsp + FRAME_RFLAGS]
    test r11d, FLAGS_BY_IRETQ
    jnz .slow
    mov rcx, [rsp + FRAME_RIP]
    mov rbp, [rsp + FRAME_RBP]
    xor edi, edi
    xor esi, esi
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    mov rsp, [rsp + FRAME_RSP]
.leave:
    swapgs
    o64 sysret

.unknown:
    mov rax, ERROR_UNSUPPORTED
    jmp .done

.message:
    jmp [syscall_direct_table + rax * 8]

; The direct path has not made the call, and RAX and RDI to R15 are the user's, as at the entry.
.message_frame:
    mov dword [rsp + FRAME_ERROR], 0
    mov [rsp + FRAME_R12], r12
    mov [rsp + FRAME_R13], r13
    mov [rsp + FRAME_RDI], rdi
    mov [rsp + FRAME_RSI], rsi
    mov [rsp + FRAME_RDX], rdx
    mov [rsp + FRAME_R8], r8
    mov [rsp + FRAME_R9], r9
    mov [rsp + FRAME_R10], r10
    mov [rsp + FRAME_RAX], rax
    call [syscall_fast_table + rax * 8]
    test rax, rax
    jg .message_call
.message_done:
    mov rcx, [gs:user_context]
    cmp dword [rcx + USER_CONTEXT_HAZARDS], 0
    jne .message_slow
    mov r11, [rsp + FRAME_RFLAGS]
    test r11d, FLAGS_BY_IRETQ
    jnz .message_slow
    mov rcx, [rsp + FRAME_RIP]
    mov rbp, [rsp + FRAME_RBP]
    mov rdi, [rsp + FRAME_RDI]
    mov rsi, [rsp + FRAME_RSI]
    mov rdx, [rsp + FRAME_RDX]
    mov r8, [rsp + FRAME_R8]
    mov r9, [rsp + FRAME_R9]
    mov r10, [rsp + FRAME_R10]
    mov r12, [rsp + FRAME_R12]
    mov r13, [rsp + FRAME_R13]
    mov rsp, [rsp + FRAME_RSP]
    swapgs
    o64 sysret

; The fast path has not made the call.
.message_call:
    sti
    mov rax, [rsp + FRAME_RAX]
    mov rdi, [rsp + FRAME_RDI]
    mov rsi, [rsp + FRAME_RSI]
    mov rdx, [rsp + FRAME_RDX]
    mov rcx, [rsp + FRAME_R10]
    mov r8, [rsp + FRAME_R8]
    mov r9, [rsp + FRAME_R9]
    call [syscall_table + rax * 8]
    cli
    jmp .message_done

; The general way out: completes the frame, and returns as from an event. The registers that user
; mode gets as 0 still hold values of the C function, so zeroes are stored for them.
.slow:
    xor ecx, ecx
    mov [rsp + FRAME_RDI], rcx
    mov [rsp + FRAME_RSI], rcx
    mov [rsp + FRAME_RDX], rdx
    mov [rsp + FRAME_R8], rcx
    mov [rsp + FRAME_R9], rcx
    mov [rsp + FRAME_R10], rcx
.message_slow:
    mov [rsp + FRAME_RAX], rax
    mov qword [rsp + FRAME_RCX], 0
    mov qword [rsp + FRAME_R11], 0
    mov rdi, rsp
    call user_return
    jmp user_leave

; void user_enter_at(struct trap_frame *frame): the frame lies at the top of this thread's stack;
; interrupts are off. With FRED, too.
align 16
user_enter_at:
    mov rsp, rdi
    lea rbp, [rsp + 1]
    call user_return
    jmp user_leave

; Returns through the frame at RSP, as events enter on this machine.
align 16
user_leave:
    cmp byte [entry_mode_fred], 0
    je entry_return
    jmp fred_user_return
syscall_path_end:
