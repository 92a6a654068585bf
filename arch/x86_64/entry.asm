; Entry and exit of every event: one path, written once as a macro, made once for each kind of
; entry stack because the kind decides which IST to lower.
;
; Stack on entry, from high to low: SS, RSP, RFLAGS, CS, RIP (pushed by the CPU), one word that holds
; the error code (CPU, or 0 by the stub) and above it the vector (stub), one word for the fault
; address, then the general registers: struct trap_frame, built from its end to its start.
; The CPU aligned RSP to 16 before its pushes and the frame is 11 * 16 bytes, so every call is
; aligned as the ABI wants.
;
; Registers: everything of the interrupted context is saved and restored. The C handler gets RDI =
; frame and RBP = frame + 1 (the mark by which backtraces find it). It answers in RAX: 0 to return
; through this frame, or the address of a copy of the frame on the thread's stack, on which to go
; on: then all stores that could fault are done already, so the change of stacks cannot fault.
;
; IST: entry lowers this kind's IST by one area, so that a re-entry leaves the live frame whole;
; each of the two ways out (return, move to the thread's stack) puts it back.

%include "offsets.inc"

extern cpu_task_state
extern entry_thread
extern page_fault_handler
extern entry_interrupt
extern entry_nmi
extern entry_machine_check
extern entry_debug
extern entry_double_fault
extern entry_continue

global entry_stubs
global entry_path_begin
global entry_path_end
global entry_page_fault_stub

%define IST_OF(kind) gs:cpu_task_state + TSS_IST + ((kind) - 1) * 8

%macro SAVE_REGISTERS 0
    push rax                            ; the fault address's word
    push rax
    push rbx
    push rcx
    push rdx
    push rsi
    push rdi
    push rbp
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
%endmacro

%macro RESTORE_REGISTERS_AND_RETURN 0
    test byte [rsp + FRAME_CS], 3
    jz %%kernel
    swapgs
%%kernel:
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rbp
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rbx
    pop rax
    add rsp, 16                         ; fault address, error code and vector
    iretq
%endmacro

; ENTRY_PATH kind, C handler
%macro ENTRY_PATH 2
entry_path_%1:
    SAVE_REGISTERS
    push 2                              ; clears DF, AC, NT, TF; IF is 0 already (interrupt gates)
    popfq
    test byte [rsp + FRAME_CS], 3
    jz .kernel
    swapgs
.kernel:
%if %1 != ENTRY_THREAD
    sub qword [IST_OF(%1)], ENTRY_AREA_BYTES
%endif
    mov rdi, rsp
    lea rbp, [rsp + 1]
    call %2
%if %1 != ENTRY_THREAD
    test rax, rax
    jnz .move
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
%endif
    RESTORE_REGISTERS_AND_RETURN
%if %1 != ENTRY_THREAD
.move:
    mov rsp, rax
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
    mov rdi, rsp
    lea rbp, [rsp + 1]
    call entry_continue
    jmp entry_return
%endif
%endmacro

section .text
entry_path_begin:

align 16
    ENTRY_PATH ENTRY_THREAD,        entry_thread

; The page fault's stub stands right before its path: here a jump would be counted.
align 16
entry_page_fault_stub:
entry_stub_14:
    mov dword [rsp + 4], 14
    ENTRY_PATH ENTRY_PAGE_FAULT,    [page_fault_handler] ; a pointer: mm registers stack_fault()
align 16
    ENTRY_PATH ENTRY_INTERRUPT,     entry_interrupt
align 16
    ENTRY_PATH ENTRY_NMI,           entry_nmi
align 16
    ENTRY_PATH ENTRY_MACHINE_CHECK, entry_machine_check
align 16
    ENTRY_PATH ENTRY_DEBUG,         entry_debug
align 16
    ENTRY_PATH ENTRY_DOUBLE_FAULT,  entry_double_fault

; Return through the frame at RSP, on whatever stack. Interrupts are off.
align 16
entry_return:
    RESTORE_REGISTERS_AND_RETURN

; The stubs: each makes the word that holds error code and vector, then takes its kind's path.
; STUB vector, CPU pushes an error code, kind
%macro STUB 3
align 16
entry_stub_%1:
%if %2 == 0
    push 0
%endif
    mov dword [rsp + 4], %1
    jmp entry_path_%3
%endmacro

%assign vector 0
%rep 32
    %if vector != 14
    %assign has_error VECTOR_%[vector]_ERROR
    %assign kind VECTOR_%[vector]_STACK
    STUB vector, has_error, kind
    %endif
    %assign vector vector + 1
%endrep
%rep 224
    %assign kind ENTRY_INTERRUPT_ASYNCHRONOUS
    STUB vector, 0, kind
    %assign vector vector + 1
%endrep
entry_path_end:

section .rodata
align 8
entry_stubs:
%assign vector 0
%rep 256
    dq entry_stub_%[vector]
    %assign vector vector + 1
%endrep
