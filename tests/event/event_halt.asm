; `sti; hlt` with RSP where the test wants it: an interrupt that is pending, or comes while the CPU
; is halted, must arrive and end the halt.
;
;   void event_halt(uintptr_t rsp, volatile uint32_t *count, uint64_t tsc)          rdi, rsi, rdx
;
; Halts again until the count is not 0, or the TSC says to give up: other interrupts end a halt, too.
; Interrupts are off before and after. Nothing but the CPU pushes onto the stack at `rsp`.

global event_halt

section .text
align 16
event_halt:
    push rbp
    mov rbp, rsp
    mov r8, rdx
    mov rsp, rdi
.again:
    sti
    hlt
    cli
    cmp dword [rsi], 0
    jne .over
    rdtsc
    shl rdx, 32
    or rax, rdx
    cmp rax, r8
    jb .again
.over:
    mov rsp, rbp
    pop rbp
    ret
