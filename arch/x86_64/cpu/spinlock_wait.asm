; Waits for a spinlock whose ticket was drawn and is not served yet (spinlock.h:spinlock_take). The
; function takes its arguments on the stack and changes no register. So the callers, which seldom
; have to wait, are compiled as if there were no call. spinlock.c says why there are two ways to
; wait.
;
;   [RSP + 8]   the address of the ticket served, which lies 4 bytes above the ticket drawn next
;   [RSP + 16]  the caller's ticket
; Both are taken off the stack.

%define NEXT    (-4)
%define SERVING 0

global spinlock_wait
extern spinlock_unfair

section .text
align 16
spinlock_wait:
    push rdi
    push rax
    push rcx
    mov rdi, [rsp + 32]
    mov rcx, [rsp + 40]
.wait:
    pause
    cmp byte [spinlock_unfair], 0
    jne .give_back
.look:
    cmp [rdi + SERVING], ecx
    jne .wait
.done:
    pop rcx
    pop rax
    pop rdi
    ret 16

; Unfair: gives the ticket back, which is possible while no later ticket has been drawn.
.give_back:
    lea eax, [rcx + 1]
    lock cmpxchg [rdi + NEXT], ecx
    jne .look
; The lock is free when both numbers are equal. Then the CPU that first adds 1 to NEXT has it.
.try:
    pause
    mov eax, [rdi + SERVING]
    cmp [rdi + NEXT], eax
    jne .try
    lea ecx, [rax + 1]
    lock cmpxchg [rdi + NEXT], ecx
    je .done
    jmp .try
