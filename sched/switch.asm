; The context switch: from one kernel stack to another.
;
;   void thread_switch(uintptr_t *save_rsp, uintptr_t load_rsp)      rdi, rsi
;
; Stack of a thread that is not running, from its saved RSP up: R15, R14, R13, R12, RBX, RBP, return
; address. The ABI lets a call destroy every other register. The pushes may hit a hole of the old
; stack and the pops' callers a hole of the new one: both slots are in stack_use by now, and the
; magazine covers both (sched/gate.c), so either fault is served.
;
; A new thread's stack is laid out by thread.c to return into thread_trampoline.

global thread_switch
global thread_switch_end
global thread_trampoline
extern thread_begin

section .text
align 16
thread_switch:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    mov [rdi], rsp
    mov rsp, rsi
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret
thread_switch_end:

; First instructions of a thread. RBX and R12 hold what it is to call, and with what. RBP is 0, the end of its backtraces; the stack is aligned so that
; the call leaves it as the ABI wants.
align 16
thread_trampoline:
    mov rdi, rbx
    mov rsi, r12
    call thread_begin
    ud2
