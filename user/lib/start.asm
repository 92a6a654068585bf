; The first instructions of a program. RDI holds the address of its struct program_start, which lies
; at the top of the stack; RSP is a multiple of 16. All other registers are 0.

global program_entry
extern program_main

section .text

program_entry:
        xor     ebp, ebp                ; backtraces end here
        call    program_main            ; aligns the stack as the ABI wants it at a function's start
        ud2                             ; program_main() does not return

section .note.GNU-stack noalloc noexec nowrite progbits
