; Entry and exit of every event under FRED, as entry.asm has them for the IDT. Both call the same C
; functions.
;
; Stack: the CPU pushes, from high to low, a word of 0, the event's data, SS, RSP, RFLAGS, CS, RIP
; and the error code: 64 bytes, aligned to 64. The SS word also holds the vector (bits 39:32) and
; the type (51:48) of the event; the CS word holds the interrupted level (17:16). The last six words
; are the end of a struct trap_frame: the entry writes the vector into the upper half of the error
; code's word and pushes the event's data as the fault address. The rest of the layout is in
; entry_frame.inc.
;
; Registers: all are saved and restored; see entry_frame.inc for the call of C. Delivery has cleared
; RFLAGS and, from ring 3, swapped GS.
;
; Levels: FRED never starts again at the top of a stack in use, so there is no IST entry to lower.
; ERETS changes the current level to the one in its frame if that is lower, and never raises the
; level. A moved frame continues at level 0, by an ERETS to fred_continue. CS and SS of a frame stay
; as the CPU pushed them, because ERETS checks them.

%include "arch/x86_64/entry/entry_frame.inc"

extern fred_page_fault_handler
extern fred_vector_kinds
extern fred_handlers
extern fred_software
extern fred_user_event

global fred_entry_user
global fred_entry_kernel
global fred_user_return
global fred_continue
global fred_level_leave
global fred_path_end

%define EVENT_DATA       48             ; in the CPU's frame
%define EVENT_INFO       FRAME_SS + 4   ; vector and type
%define INFO_TYPE        0x000f0000
%define INFO_TYPE_VECTOR 0x000f00ff
%define INFO_PAGE_FAULT  FRED_HARDWARE_EXCEPTION << 16 | VECTOR_PAGE_FAULT

; NASM 2.16 does not know ERETS and ERETU, so they are written as bytes. Neither falls through; the
; UD2 marks that in the listing.
%macro RETURN_TO_KERNEL 0               ; ERETS
    db 0xf2, 0x0f, 0x01, 0xca
    ud2
%endmacro

%macro RETURN_TO_USER 0                 ; ERETU
    db 0xf3, 0x0f, 0x01, 0xca
    ud2
%endmacro

; CLI: Bochs 3.1 clears IF at delivery but goes on taking interrupts until the next CLI. On a CPU
; that follows the specification it has no effect.
%macro MAKE_FRAME 0
    cli
    push qword [rsp + EVENT_DATA]       ; the fault address's word
    PUSH_REGISTERS
    mov eax, [rsp + EVENT_INFO]
    movzx ecx, al
    mov [rsp + FRAME_VECTOR], ecx
%endmacro

%macro TAKE_FRAME_OFF 0
    POP_REGISTERS
    add rsp, 8                          ; the fault address; the error code ERETx skips itself
%endmacro

section .text
align 4096
fred_entry_user:
    MAKE_FRAME
    CALL_WITH_FRAME fred_user_event
fred_user_return:                       ; returns through the frame at RSP; interrupts are off
    TAKE_FRAME_OFF
    RETURN_TO_USER

times FRED_KERNEL_ENTRY - ($ - fred_entry_user) int3

fred_entry_kernel:
    MAKE_FRAME
    and eax, INFO_TYPE_VECTOR
    cmp eax, INFO_PAGE_FAULT
    jne .other
    CALL_WITH_FRAME [fred_page_fault_handler] ; a pointer: mm registers stack_fault_fred()
.answered:
    test rax, rax
    jnz .move
    TAKE_FRAME_OFF
    RETURN_TO_KERNEL

.other:
    test eax, INFO_TYPE
    jnz .not_interrupt
    CALL_WITH_FRAME [fred_handlers + ENTRY_INTERRUPT_ASYNCHRONOUS * 8]
    jmp .answered

.not_interrupt:
    shr eax, 16
    cmp eax, FRED_SOFTWARE_INTERRUPT
    je .software
    cmp eax, FRED_OTHER
    je .software
    movzx ecx, byte [fred_vector_kinds + rcx]
    CALL_WITH_FRAME [fred_handlers + rcx * 8]
    jmp .answered

.software:
    CALL_WITH_FRAME fred_software
    jmp .answered

; Goes on at fred_continue, with RSP at the frame's copy (RAX) and at level 0. An ERETS through a
; frame that is made here sets RSP, level and flags in one step.
.move:
    push SELECTOR_KERNEL_DATA
    push rax
    push 2                              ; RFLAGS: only the bit that is always 1
    push SELECTOR_KERNEL_CODE           ; and level 0
    push fred_continue
    push 0
    RETURN_TO_KERNEL

; On the thread's stack, level 0, interrupts off; the frame is at RSP.
align 16
fred_continue:
    CALL_WITH_FRAME entry_continue
    TAKE_FRAME_OFF
    RETURN_TO_KERNEL

; void fred_level_leave(uint64_t ss_bits): pushes a frame that returns to its own end at level 0.
; Registers: RAX, RDX and RDI are used.
align 16
fred_level_leave:
    mov rax, rsp
    or rdi, SELECTOR_KERNEL_DATA
    pushfq
    pop rdx
    push rdi
    push rax
    push rdx
    push SELECTOR_KERNEL_CODE
    push .down
    push 0
    RETURN_TO_KERNEL
.down:
    ret
fred_path_end:
