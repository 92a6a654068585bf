; void fuzz_call(struct fuzz_registers *registers)
;
; Loads all registers but RSP, RCX and R11 from the structure, makes the system call, and stores all
; but RSP. The order of the members is that of struct fuzz_registers in fuzz.h.

global fuzz_call
global fuzz_call_behind

section .text

fuzz_call:
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        push    rdi
        mov     rax, [rdi]
        mov     rsi, [rdi + 8 * 2]
        mov     rdx, [rdi + 8 * 3]
        mov     r10, [rdi + 8 * 4]
        mov     r8, [rdi + 8 * 5]
        mov     r9, [rdi + 8 * 6]
        mov     rbx, [rdi + 8 * 7]
        mov     rbp, [rdi + 8 * 8]
        mov     r12, [rdi + 8 * 9]
        mov     r13, [rdi + 8 * 10]
        mov     r14, [rdi + 8 * 11]
        mov     r15, [rdi + 8 * 12]
        mov     rdi, [rdi + 8 * 1]
        syscall
fuzz_call_behind:
        xchg    rcx, [rsp]              ; the structure, for what the call left in RCX
        mov     [rcx], rax
        mov     [rcx + 8 * 1], rdi
        mov     [rcx + 8 * 2], rsi
        mov     [rcx + 8 * 3], rdx
        mov     [rcx + 8 * 4], r10
        mov     [rcx + 8 * 5], r8
        mov     [rcx + 8 * 6], r9
        mov     [rcx + 8 * 7], rbx
        mov     [rcx + 8 * 8], rbp
        mov     [rcx + 8 * 9], r12
        mov     [rcx + 8 * 10], r13
        mov     [rcx + 8 * 11], r14
        mov     [rcx + 8 * 12], r15
        mov     [rcx + 8 * 14], r11
        pop     rax
        mov     [rcx + 8 * 13], rax
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        ret

section .note.GNU-stack noalloc noexec nowrite progbits
