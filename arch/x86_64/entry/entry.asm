; Entry and exit of every event under the IDT, except SYSCALL. The path is one macro, which is
; expanded once for each kind of entry stack, because the kind decides which IST entry is lowered.
;
; Stack: the CPU aligns RSP to 16 and pushes SS, RSP, RFLAGS, CS, RIP, and the error code if the
; event has one. The stub pushes 0 where there is no error code and writes the vector into the upper
; half of that word. The path pushes the word of the fault address, which C fills in, and the
; registers. The frame has 11 * 16 bytes. The rest of the layout is in entry_frame.inc.
;
; Registers: all are saved and restored; see entry_frame.inc for the call of C.
;
; IST: entry lowers the IST entry of its kind by one area, so that a nested entry does not overwrite
; the live frame. Both exits (return, and move to the thread's stack) raise it again. An NMI can
; arrive on an exit path after that, while the frame there is still live, and a #DB can be raised
; inside the NMI; so the NMI lowers the IST entry of #DB as well.
;
; GS: the GS base is this CPU's in ring 0 and the user's in ring 3; SWAPGS exchanges it with the
; base in MSR_KERNEL_GS_BASE. The saved CS tells whether ring 3 was interrupted and SWAPGS is due,
; except for NMI, #MC, #DB and #DF. These can arrive between SYSCALL and SWAPGS, or between SWAPGS
; and SYSRET or IRETQ, with the kernel's CS and the user's GS base. So they save the GS base in RBX
; and R12, which C functions keep, load this CPU's base, and on return write back what they found.
; They know their CPU from the address of their entry stack.

%include "arch/x86_64/entry/entry_frame.inc"

extern percpu_offset
extern entry_thread
extern entry_user_page_fault
extern page_fault_short_path
extern page_fault_handler
extern entry_interrupt
extern entry_nmi
extern entry_machine_check
extern entry_debug
extern entry_double_fault

global entry_stubs
global entry_return
global entry_path_begin
global entry_path_end
global entry_page_fault_stub
global entry_page_fault_whole
global entry_page_fault_user
global entry_page_fault_finish

%macro RETURN_REGISTERS 0
    POP_REGISTERS
    add rsp, 16                         ; fault address, error code and vector
    iretq
%endmacro

%macro RETURN 0
    test byte [rsp + FRAME_CS], 3
    jz %%kernel
    swapgs
%%kernel:
    RETURN_REGISTERS
%endmacro

; 1 for the kinds whose saved CS does not tell whose GS base is loaded.
%define GS_UNKNOWN(kind) ((kind) == ENTRY_NMI || (kind) == ENTRY_MACHINE_CHECK || \
    (kind) == ENTRY_DEBUG || (kind) == ENTRY_DOUBLE_FAULT)

; Saves the GS base in R12:RBX and loads this CPU's.
%macro GS_SAVE 0
    ; LAB 3 BEGIN gs-save: keep the GS base in R12:RBX, load this CPU's, which the stack tells
    mov ecx, MSR_GS_BASE
    rdmsr
    mov ebx, eax
    mov r12d, edx
    mov rdx, rsp
    mov rax, STACKS_OF_ENTRY_BASE
    sub rdx, rax
    shr rdx, STACKS_OF_ENTRY_CPU_SHIFT
    mov rax, [percpu_offset + rdx * 8]
    mov rdx, rax
    shr rdx, 32
    wrmsr
    ; LAB 3 END gs-save
%endmacro

; Writes the saved GS base to MSR %1.
%macro GS_WRITE 1
    mov ecx, %1
    mov eax, ebx
    mov edx, r12d
    wrmsr
%endmacro

; Clears DF, AC, NT and TF. IF is 0 already, because the gates are interrupt gates.
%macro CLEAR_FLAGS 0
    push 2
    popfq
%endmacro

; ENTRY_PATH kind of entry stack, C handler
%macro ENTRY_PATH 2
entry_path_%1:
    ; LAB 3 BEGIN entry-save: save the registers, clear the flags, and load this CPU's GS base
    push rax                            ; the fault address's word
    PUSH_REGISTERS
    CLEAR_FLAGS
%if GS_UNKNOWN(%1)
    GS_SAVE
%else
    test byte [rsp + FRAME_CS], 3
    jz .kernel
    swapgs
.kernel:
%endif
    ; LAB 3 END entry-save
    ; LAB 6 BEGIN area-lower: the next event of this kind begins one area lower
%if %1 != ENTRY_THREAD
    sub qword [IST_OF(%1)], ENTRY_AREA_BYTES
%endif
%if %1 == ENTRY_NMI
    sub qword [IST_OF(ENTRY_DEBUG)], ENTRY_AREA_BYTES
%endif
    ; LAB 6 END area-lower
.call:
    CALL_WITH_FRAME %2
    ; LAB 6 BEGIN area-raise: without a move: give the area back
%if %1 != ENTRY_THREAD
    test rax, rax
    jnz .move
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
%endif
%if %1 == ENTRY_NMI
    add qword [IST_OF(ENTRY_DEBUG)], ENTRY_AREA_BYTES
%endif
    ; LAB 6 END area-raise
    ; LAB 3 BEGIN entry-leave: restore the GS base and the registers, and return
%if GS_UNKNOWN(%1)
    GS_WRITE MSR_GS_BASE
    RETURN_REGISTERS
%else
    RETURN
%endif
    ; LAB 3 END entry-leave
    ; LAB 6 BEGIN move: go on with the copy of the frame at RAX, which lies on the thread's stack
%if %1 != ENTRY_THREAD
.move:
    mov rsp, rax
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
%if GS_UNKNOWN(%1)
    GS_WRITE MSR_KERNEL_GS_BASE         ; only frames of ring 3 move, and their exit does SWAPGS
%endif
    CALL_WITH_FRAME entry_continue
    jmp entry_return
%endif
    ; LAB 6 END move
%endmacro

section .text
entry_path_begin:

align 16
    ENTRY_PATH ENTRY_THREAD,        entry_thread

; A page fault of ring 3 is no stack fault: it goes to entry_page_fault_user. One of ring 0 jumps by
; the pointer page_fault_short_path: to the short path if mm has registered one, else to
; entry_page_fault_whole. The short path serves most stack faults. It makes a short frame and lowers
; the IST entry of #PF. If it does not serve the fault, it leaves both so and jumps to
; entry_page_fault_finish. Then RBX, RSI, RDI and R8 to R15, which a short frame does
; not hold, still are those of the interrupted code.
align 16
entry_page_fault_stub:
entry_stub_%[VECTOR_PAGE_FAULT]:
    test byte [rsp + FRAME_CS - FRAME_ERROR], 3
    jnz entry_page_fault_user
    jmp [page_fault_short_path]

; The frame of a page fault of ring 3 is made at the top of the thread's stack, where nothing else
; lies, and the fault is served there. CR2 and the words that the CPU pushed are read from the entry
; stack, whose IST entry is lowered until that is done. So a push may be a stack fault.
align 16
entry_page_fault_user:
    swapgs
    sub qword [IST_OF(ENTRY_PAGE_FAULT)], ENTRY_AREA_BYTES
    mov dword [rsp + 4], VECTOR_PAGE_FAULT
    push rax
    mov rax, cr2
    push rax
    mov rax, rsp
    mov rsp, [gs:cpu_task_state + TSS_RSP0]
    push qword [rax + 7 * 8]            ; SS
    push qword [rax + 6 * 8]            ; RSP
    push qword [rax + 5 * 8]            ; RFLAGS
    push qword [rax + 4 * 8]            ; CS
    push qword [rax + 3 * 8]            ; RIP
    push qword [rax + 2 * 8]            ; error code and vector
    push qword [rax]                    ; the fault address
    push qword [rax + 1 * 8]            ; RAX
    PUSH_OTHER_REGISTERS
    add qword [IST_OF(ENTRY_PAGE_FAULT)], ENTRY_AREA_BYTES
    CLEAR_FLAGS
    CALL_WITH_FRAME entry_user_page_fault
    swapgs
    RETURN_REGISTERS

align 16
entry_page_fault_finish:
    FINISH_FRAME
    CLEAR_FLAGS
    jmp entry_path_%[ENTRY_PAGE_FAULT].call

align 16
entry_page_fault_whole:
    mov dword [rsp + 4], VECTOR_PAGE_FAULT
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

; Returns through the frame at RSP, on any stack. Interrupts are off.
align 16
entry_return:
    RETURN

; The stubs. Each makes the word that holds error code and vector, then jumps to the path of its
; kind. STUB vector, 1 if the CPU pushes an error code, kind of entry stack
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
%rep VECTOR_EXCEPTIONS
    %if vector != VECTOR_PAGE_FAULT
    %assign has_error VECTOR_%[vector]_ERROR
    %assign kind VECTOR_%[vector]_STACK
    STUB vector, has_error, kind
    %endif
    %assign vector vector + 1
%endrep
%rep VECTOR_COUNT - VECTOR_EXCEPTIONS
    %assign kind ENTRY_INTERRUPT_ASYNCHRONOUS
    STUB vector, 0, kind
    %assign vector vector + 1
%endrep
entry_path_end:

section .rodata
align 8
entry_stubs:
%assign vector 0
%rep VECTOR_COUNT
    dq entry_stub_%[vector]
    %assign vector vector + 1
%endrep
