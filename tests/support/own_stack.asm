; Puts RSP deep into the thread's own stack for a moment.
;
;   uint64_t own_stack_preempt(uintptr_t rsp, volatile uint32_t *other, uint64_t spins)
;       RDI, RSI, RDX: called with interrupts off and an interrupt pending. Turns them on at `rsp`,
;       waits until another thread changes *other, and checks all registers. Returns 0 if another
;       thread ran and they were kept, 1 if none ran, 2 if a register changed; interrupts off.
;   void own_stack_call(uintptr_t rsp, void (*function)(void))
;       RDI, RSI: calls the function with its frame there. RSP need not be aligned.
;
; Stack: the callee-saved registers lie above, RBP points there as in C, so backtraces work.

global own_stack_preempt
global own_stack_call

%macro SAVE 0
    push rbp
    mov rbp, rsp
    push rbx
    push r12
    push r13
    push r14
    push r15
%endmacro

%macro RESTORE 0
    lea rsp, [rbp - 40]
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret
%endmacro

section .text
align 16
own_stack_preempt:
    SAVE
    mov rsp, rdi
    mov eax, [rsi]                      ; RAX, RDX, RSI, RDI are used; the others carry a mark
    mov rbx, rdi
    lea rcx, [rdi + 1]
    lea r8,  [rdi + 2]
    lea r9,  [rdi + 3]
    lea r10, [rdi + 4]
    lea r11, [rdi + 5]
    lea r12, [rdi + 6]
    lea r13, [rdi + 7]
    lea r14, [rdi + 8]
    lea r15, [rdi + 9]
    std                                 ; entries must clear DF, and exits bring it back
    sti
.wait:
    cmp [rsi], eax
    jne .other_ran
    pause
    dec rdx
    jnz .wait
    cli
    cld
    mov eax, 1
    RESTORE
.other_ran:
    cli
    pushfq
    pop rax
    cld
    test eax, 1 << 10
    jz .changed
    cmp rsp, rdi
    jne .changed
    cmp rbx, rdi
    jne .changed
%macro SAME 2
    lea rax, [rdi + %2]
    cmp %1, rax
    jne .changed
%endmacro
    SAME rcx, 1
    SAME r8,  2
    SAME r9,  3
    SAME r10, 4
    SAME r11, 5
    SAME r12, 6
    SAME r13, 7
    SAME r14, 8
    SAME r15, 9
    xor eax, eax
    RESTORE
.changed:
    mov eax, 2
    RESTORE

align 16
own_stack_call:
    SAVE
    mov rsp, rdi
    call rsi
    RESTORE
