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
extern stack_lend_switch
extern stack_lend_fill

; A record of arch/x86_64/text_site.h: a mode of kind %2 lets the code at %1 begin with a jump to %3.
%macro JUMP_SITE 3
[section .text_sites progbits alloc noexec nowrite align=8]
    dq %1, %3
    db %2, 0, 0, 0, 0, 0, 0, 0
__SECT__
%endmacro

%define SITE_KIND_LEND         2        ; text_site.h has the same numbers
%define SITE_KIND_LEND_BATCHED 3

%macro LEAVE 0
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
%endmacro

; Saves RSP at %1, loads it from %2.
%macro SWITCH 2
    mov [%1], rsp
    mov rsp, %2
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret
%endmacro

; The switch with a call of a C function first, when nothing more will be pushed on the old stack.
%macro SWITCH_AFTER 1
    LEAVE
    mov rbx, rdi
    mov r12, rsi
    sub rsp, 8                          ; the stack is aligned as the ABI wants
    call %1
    add rsp, 8
    SWITCH rbx, r12
%endmacro

section .text
align 16
thread_switch:
    LEAVE
    SWITCH rdi, rsi
thread_switch_end:

; The same for stack=lend: what the old stack was lent and did not touch goes to the new one.
JUMP_SITE thread_switch, SITE_KIND_LEND, thread_switch_lend
align 16
thread_switch_lend:
    SWITCH_AFTER stack_lend_switch

; And where untouched pages are taken back in batches.
JUMP_SITE thread_switch, SITE_KIND_LEND_BATCHED, thread_switch_fill
align 16
thread_switch_fill:
    SWITCH_AFTER stack_lend_fill

; First instructions of a thread. RBX and R12 hold what it is to call, and with what. RBP is 0, the
; end of its backtraces; the stack is aligned so that the call leaves it as the ABI wants.
align 16
thread_trampoline:
    mov rdi, rbx
    mov rsi, r12
    call thread_begin
    ud2
