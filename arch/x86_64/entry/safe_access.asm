; The instructions that safe_access.c tries. Each function pushes nothing before the one that may raise
; #GP, so the handler can go on at safe_access_refused as if that were the rest of the function.
;
; Stack: the return address alone. Registers: arguments and answer as the ABI says; ES is loaded by
; safe_segment_load, and long mode ignores it.

global safe_msr_write
global safe_cr4_write
global safe_segment_load
global safe_access_refused

section .text
align 16
safe_msr_write:                      ; edi = MSR, rsi = value
    mov ecx, edi
    mov eax, esi
    mov rdx, rsi
    shr rdx, 32
    wrmsr
    mov eax, 1
    ret

align 16
safe_cr4_write:                      ; rdi = value
    mov cr4, rdi
    mov eax, 1
    ret

align 16
safe_segment_load:                   ; di = selector
    mov es, di
    mov eax, 1
    ret

align 16
safe_access_refused:
    xor eax, eax
    ret
