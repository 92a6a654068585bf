; The moments of the sweep over a page edge: RSP is put where the test wants it, an event is made to
; happen there, and RSP comes back. Called from event_sweep.c with interrupts off.
;
; Stack: each function saves RBP and keeps the caller's RSP there, as a frame pointer does, so that
; backtraces from an event work. On the swept stack nothing is pushed by anyone but the CPU.
;
; Registers: RDI the swept RSP; RSI the address of a 32-bit count of events that arrived; RDX the
; leaf entry of the page below the edge, present once a frame was pushed there; RCX the TSC at which
; to give up; R8, R9 what the event needs. Only registers that the ABI lets a call destroy change.

global event_sweep_interrupt
global event_sweep_nmi_memory
global event_sweep_nmi_msr
global event_sweep_write
global event_sweep_step
global event_sweep_step_points

%define GRACE_SPINS 2000                ; an event that was pushed in vain does not come any more
%define FLAG_TRAP   0x100

%macro ENTER 0
    push rbp
    mov rbp, rsp
    mov r10, rdx
    mov r11, rcx
    mov rsp, rdi
%endmacro

%macro LEAVE_SWEEP 0
    mov rsp, rbp
    pop rbp
    ret
%endmacro

; Waits for the count, or for the page below the edge to appear and some time after that.
%macro AWAIT 0
    ; LAB 6 BEGIN await: wait for the event, or until it cannot come any more
%%wait:
    cmp dword [rsi], 0
    jne %%over
    test byte [r10], 1
    jnz %%touched
    pause
    rdtsc
    shl rdx, 32
    or rax, rdx
    cmp rax, r11
    jb %%wait
    jmp %%over
%%touched:
    mov ecx, GRACE_SPINS
%%grace:
    cmp dword [rsi], 0
    jne %%over
    pause
    dec ecx
    jnz %%grace
%%over:
    ; LAB 6 END await
%endmacro

section .text

; An interrupt that is pending, or will be.
align 16
event_sweep_interrupt:
    ENTER
    sti
    AWAIT
    cli
    LEAVE_SWEEP

; An NMI to itself, by the command register in memory: R8 its address, R9D the command.
align 16
event_sweep_nmi_memory:
    ENTER
    mov [r8], r9d
    AWAIT
    LEAVE_SWEEP

; The same by MSR: R8D the MSR, R9 the value.
align 16
event_sweep_nmi_msr:
    ENTER
    mov ecx, r8d
    mov eax, r9d
    mov rdx, r9
    shr rdx, 32
    wrmsr
    AWAIT
    LEAVE_SWEEP

; A data breakpoint: R8 the watched address.
align 16
event_sweep_write:
    ENTER
    mov dword [r8], 1
    AWAIT
    LEAVE_SWEEP

; Single step over three instructions, the first of which puts RSP where it is wanted. Popping the
; flags is not trapped yet, the instruction after it is. The handler turns TF off after the third.
align 16
event_sweep_step:
    push rbp
    mov rbp, rsp
    pushfq
    or dword [rsp], FLAG_TRAP
    popfq
    mov rsp, rdi
.first:
    nop
.second:
    nop
.third:
    LEAVE_SWEEP

section .rodata
align 8
event_sweep_step_points:
    dq event_sweep_step.first
    dq event_sweep_step.second
    dq event_sweep_step.third
