; Enters fred_entry_kernel by a frame made by hand, and comes back. Called from fred_by_hand.c.
;
;   void fred_by_hand_enter(const struct fred_frame *frame, uintptr_t stack, uint64_t *registers)
;       RDI the frame, RSI the top of the stack on which it is made, 64-aligned; RDX fifteen words,
;       R15 first and RAX last: loaded before the event, stored after it.
;
; Stack: the callee-saved registers and RDX lie on the caller's stack; the frame gets its RSP.

extern fred_entry_kernel

global fred_by_hand_enter
global fred_by_hand_back

%define FRED_RIP 8
%define FRED_RSP 32

section .text
align 16
fred_by_hand_enter:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    push rdx
    mov rax, rsp
    lea rsp, [rsi - 64]
%assign word 0
%rep 8
    mov rcx, [rdi + word]
    mov [rsp + word], rcx
    %assign word word + 8
%endrep
    mov qword [rsp + FRED_RIP], fred_by_hand_back
    mov [rsp + FRED_RSP], rax
    mov r15, [rdx]
    mov r14, [rdx + 8]
    mov r13, [rdx + 16]
    mov r12, [rdx + 24]
    mov r11, [rdx + 32]
    mov r10, [rdx + 40]
    mov r9, [rdx + 48]
    mov r8, [rdx + 56]
    mov rbp, [rdx + 64]
    mov rdi, [rdx + 72]
    mov rsi, [rdx + 80]
    mov rcx, [rdx + 96]
    mov rbx, [rdx + 104]
    mov rax, [rdx + 112]
    mov rdx, [rdx + 88]
    jmp fred_entry_kernel

align 16
fred_by_hand_back:
    push rax
    mov rax, [rsp + 8]
    mov [rax], r15
    mov [rax + 8], r14
    mov [rax + 16], r13
    mov [rax + 24], r12
    mov [rax + 32], r11
    mov [rax + 40], r10
    mov [rax + 48], r9
    mov [rax + 56], r8
    mov [rax + 64], rbp
    mov [rax + 72], rdi
    mov [rax + 80], rsi
    mov [rax + 88], rdx
    mov [rax + 96], rcx
    mov [rax + 104], rbx
    pop rcx
    mov [rax + 112], rcx
    pop rdx
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    cld
    ret
