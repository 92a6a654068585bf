; A frame of any size, for the soak. Frames of C functions have fixed sizes (-Wvla).
;
;   void soak_plunge(size_t bytes, void (*work)(void *context, uint64_t *words, size_t bytes),
;                    void *context)                                          rdi, rsi, rdx
;
; Calls work with `bytes`, a multiple of 16, of stack below the caller's frame. Nothing touches them
; before work does, so the call itself takes the stack fault, of up to three pages at once.

global soak_plunge

section .text
align 16
soak_plunge:
    push rbp
    mov rbp, rsp
    sub rsp, rdi
    mov rax, rsi
    mov rcx, rdi
    mov rdi, rdx
    mov rsi, rsp
    mov rdx, rcx
    call rax
    mov rsp, rbp
    pop rbp
    ret
