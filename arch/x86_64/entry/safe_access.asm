; Instructions that a CPU may refuse with #GP, each with its entry in the fix-up table.
;
; Stack: the return address alone. No function pushes anything, so that the fix-up returns to the
; function's caller.
; Registers: arguments and answer as in the C ABI; RCX and RDX are used. ES is loaded by
; safe_segment_load, and long mode ignores it.

global safe_msr_write
global safe_cr4_write
global safe_segment_load

; MAY_FAULT instruction: the instruction, and its entry {faulting RIP, RIP to go on at} in the table
; that safe_access.c searches.
%macro MAY_FAULT 1+
%%at:
    %1
    [section .fixups]
    dq %%at, safe_access_refused
    __?SECT?__
%endmacro

section .fixups progbits alloc noexec nowrite align=8

section .text
align 16
safe_msr_write:                      ; edi = MSR, rsi = value
    mov ecx, edi
    mov eax, esi
    mov rdx, rsi
    shr rdx, 32
    MAY_FAULT wrmsr
    mov eax, 1
    ret

align 16
safe_cr4_write:                      ; rdi = value
    MAY_FAULT mov cr4, rdi
    mov eax, 1
    ret

align 16
safe_segment_load:                   ; di = selector
    MAY_FAULT mov es, di
    mov eax, 1
    ret

align 16
safe_access_refused:
    xor eax, eax
    ret
