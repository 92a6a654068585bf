; The instructions that attempt.c tries. Each function pushes nothing before the one that may raise
; #GP, so the handler can go on at attempt_refused as if that were the rest of the function.
;
; Stack: the return address alone. Registers: arguments and answer as the ABI says; ES is loaded by
; attempt_segment_load, and long mode ignores it.

global attempt_msr_write
global attempt_cr4_write
global attempt_segment_load
global attempt_refused

section .text
align 16
attempt_msr_write:                      ; edi = MSR, rsi = value
    mov ecx, edi
    mov eax, esi
    mov rdx, rsi
    shr rdx, 32
    wrmsr
    mov eax, 1
    ret

align 16
attempt_cr4_write:                      ; rdi = value
    mov cr4, rdi
    mov eax, 1
    ret

align 16
attempt_segment_load:                   ; di = selector
    mov es, di
    mov eax, 1
    ret

align 16
attempt_refused:
    xor eax, eax
    ret
