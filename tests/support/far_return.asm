; A way out of a handler other than its own return. far_return_mark() remembers a place in the code
; and returns 0. far_return(value) goes back there, as if it returned `value`, from wherever it is
; called. From an NMI's handler that is without the IRET that would let NMIs in again.
;
;   uint64_t far_return_mark(struct far_return *place)                       rdi
;   void far_return(struct far_return *place, uint64_t value) (no return)    rdi, rsi
;
; struct far_return, from its start: RBX, RBP, R12, R13, R14, R15, RSP after the return, RIP.
; Stack: nothing is pushed; the frame of far_return_mark()'s caller must still exist at the return.

global far_return_mark
global far_return

section .text
align 16
far_return_mark:
    mov [rdi], rbx
    mov [rdi + 8], rbp
    mov [rdi + 16], r12
    mov [rdi + 24], r13
    mov [rdi + 32], r14
    mov [rdi + 40], r15
    lea rax, [rsp + 8]
    mov [rdi + 48], rax
    mov rax, [rsp]
    mov [rdi + 56], rax
    xor eax, eax
    ret

align 16
far_return:
    mov rbx, [rdi]
    mov rbp, [rdi + 8]
    mov r12, [rdi + 16]
    mov r13, [rdi + 24]
    mov r14, [rdi + 32]
    mov r15, [rdi + 40]
    mov rsp, [rdi + 48]
    mov rax, rsi
    jmp [rdi + 56]
