; The short path of the stack fault: the code from the stub to IRETQ for nearly every stack fault.
;
; It serves a touch of a hole of a stack that this CPU uses, if there are only holes between the
; touched page and the backed part, no observer is set, and the magazine covers the pages. In all
; other cases it changes nothing but its own registers, and jumps to entry_page_fault_finish, which
; calls stack_fault(). These cases are: addresses in larger stacks or in no stack, pages that are
; being unmapped, overflows, stray accesses, a magazine that does not cover the pages.
;
; Stack: entry.asm jumps here with what the CPU pushed for a page fault of ring 0, on the page-fault
; entry stack. The path makes a short frame of it (entry_frame.inc), so a backtrace from an NMI in
; here goes on in the interrupted thread. The IST entry of #PF is lowered while the path runs.
; Nothing here can fault.
;
; Registers: RAX, RCX, RDX and RBP are saved and restored, the others are not used.
;   RCX  the offset into the stack object; then the leaf entry's address
;   RDX  the leaf entry, a hole; then the rounds, one after another
;   RAX  constants; then the index of the first round that is taken
;
; Flags: delivery of the event cleared IF, TF and NT. DF and AC may have any value: no instruction
; here depends on them.

%include "arch/x86_64/entry/entry_frame.inc"
%include "stack_offsets.inc"

global stack_fault_path
global stack_fault_path_end

extern entry_page_fault_finish
extern magazine
extern stack_fault_observer
extern stack_fault_path_check
extern stack_region_ready_bytes
extern stack_use

%if STACK_PAGES != 4
%error "a stack has at most three holes: STACK_PAGES and the cases below must agree"
%endif

; In the invariant build C checks what was done; it panics, or returns.
%macro CHECK 0
%if INVARIANT_BUILD
    FINISH_FRAME
    cld
    CALL_WITH_FRAME stack_fault_path_check
    mov rsi, [rsp + FRAME_RSI]
    mov rdi, [rsp + FRAME_RDI]
    mov r8, [rsp + FRAME_R8]
    mov r9, [rsp + FRAME_R9]
    mov r10, [rsp + FRAME_R10]
    mov r11, [rsp + FRAME_R11]
%endif
%endmacro

; LAB 5 BEGIN short-path-fill: optional: map so many rounds and return from the fault
; FILL pages: maps so many rounds, the highest page first, and returns from the fault.
%macro FILL 1
    mov eax, [gs:magazine + MAGAZINE_TAKEN]
    lea edx, [rax + %1]
    cmp edx, [gs:magazine + MAGAZINE_CAPACITY]
    ja entry_page_fault_finish          ; a critical stack fault: C says so
    mov [gs:magazine + MAGAZINE_TAKEN], edx
    add qword [gs:magazine + MAGAZINE_FAULTS + %1 * 8], 1
%assign round 0
%rep %1
    mov rdx, [gs:magazine + MAGAZINE_ROUNDS + rax * 8 + round * 8]
    mov [rcx + (%1 - 1 - round) * 8], rdx
%assign round round + 1
%endrep
    CHECK
    add qword [IST_OF(ENTRY_PAGE_FAULT)], ENTRY_AREA_BYTES
    TAKE_SHORT_FRAME_OFF
    iretq
%endmacro
; LAB 5 END short-path-fill

section .text
align 16
stack_fault_path:
    MAKE_SHORT_FRAME VECTOR_PAGE_FAULT
    sub qword [IST_OF(ENTRY_PAGE_FAULT)], ENTRY_AREA_BYTES
; LAB 5 BEGIN short-path: optional: serve the common fault without C
    mov rcx, cr2
    mov rax, STACK_OBJECT_BASE
    sub rcx, rax
    cmp rcx, [stack_region_ready_bytes] ; unsigned: it excludes addresses below the base as well
    jae entry_page_fault_finish
    shr rcx, PAGE_SHIFT
    mov rax, STACK_LEAVES
    lea rcx, [rax + rcx * 8]
    mov rdx, [rcx]
    cmp rdx, [gs:stack_use + STACK_USE_CURRENT]
    jne .other_side
.hole:
    cmp qword [stack_fault_observer], 0
    jne entry_page_fault_finish
    test byte [rcx + 8], PAGE_PRESENT
    jz .more
    FILL 1

; During a switch two stacks are in use.
.other_side:
    cmp rdx, [gs:stack_use + STACK_USE_NEXT]
    je .hole
    jmp entry_page_fault_finish

; The page above is not backed: a hole, too, or being unmapped. The pages above the holes belong to
; the slot, so their entries are in this table.
.more:
    cmp [rcx + 8], rdx
    jne entry_page_fault_finish
    test byte [rcx + 16], PAGE_PRESENT
    jz .three
    FILL 2
.three:
    cmp [rcx + 16], rdx
    jne entry_page_fault_finish
    test byte [rcx + 24], PAGE_PRESENT
    jz entry_page_fault_finish
    FILL 3
; LAB 5 END short-path
stack_fault_path_end:
