; The context switch: from one kernel stack to another. Called by switch.h:stack_switch.
;
;   RDI      where to store this stack's RSP
;   RSI      the other stack's RSP, as an earlier call stored it
;   RDX, RCX reach the other thread unchanged: struct switch_handover
;
; All other registers are clobbered: stack_switch() names them, and the compiler saves what it needs.
; Only RBP cannot be named as clobbered. So the stack of a thread that does not run has, from its
; saved RSP up: RBP, return address (switch.h:switch_frame).
;
; The push may touch a hole of the old stack, and the code after the return a hole of the new stack.
; Both slots are in stack_use by then, and the magazine covers both stacks (sched/stack/gate.h), so
; either fault is served.
;
; A new thread's stack is laid out by thread.c to return into thread_trampoline.

%include "offsets.inc"
%include "arch/x86_64/cpu/patch_site.inc"

global thread_switch
global thread_switch_end
global thread_switch_dropping
global thread_trampoline
extern thread_begin
extern stack_lend_switch
extern stack_lend_fill
extern trace_switch

; From the old stack to the other one: the addresses are in %1 and %2.
%macro SWITCH 2
    mov [%1], rsp
    mov rsp, %2
    pop rbp
%endmacro

; The switch, with a call of C function %1 after the last push on the old stack. RBX and R12 to R15
; are free here and survive the call. The stack has the ABI's alignment at the call.
%macro SWITCH_AFTER 1
    push rbp
    mov rbx, rdi
    mov r12, rsi
    mov r13, rdx
    mov r14, rcx
    call %1
    SWITCH rbx, r12
    mov rdx, r13
    mov rcx, r14
    ret
%endmacro

section .text
align 16
thread_switch:
    push rbp
    SWITCH rdi, rsi
    ret
thread_switch_end:

; thread_switch for a thread that gives up what lies on its stack below the user's frame: R8 is the
; frame, whose mark becomes RBP, and R9 the address where the thread goes on.
align 16
thread_switch_dropping:
    mov rsp, r8
    lea rbp, [r8 + TRAP_FRAME_MARK]
    push r9
    jmp thread_switch

; thread_switch for stack=lend: the pages that were lent to the old stack and not touched go to the
; new one.
JUMP_SITE thread_switch, SITE_KIND_LEND, thread_switch_lend
align 16
thread_switch_lend:
    SWITCH_AFTER stack_lend_switch

; thread_switch for stack=lend where untouched pages are taken back in batches.
JUMP_SITE thread_switch, SITE_KIND_LEND_BATCHED, thread_switch_fill
align 16
thread_switch_fill:
    SWITCH_AFTER stack_lend_fill

; thread_switch with a trace, in all modes.
JUMP_SITE thread_switch, SITE_KIND_TRACE, thread_switch_trace
align 16
thread_switch_trace:
    SWITCH_AFTER trace_switch

; First instructions of a thread. The function to call and its argument lie on the stack; the
; handover is in RDX and RCX. RBP is 0, which ends backtraces. The stack is aligned so that it has
; the ABI's alignment at the call.
align 16
thread_trampoline:
    pop rdi
    pop rsi
    call thread_begin
    ud2
