; Functions that replaced patch sites call (patch_site.h). They touch the stack SITE_TOUCH_BYTES
; below the caller's stack pointer, so that a hole there is filled while a fault may still be
; served.
;
; Stack: the return address and, for a moment, the flags.
; Registers: all are kept; flags are not.

%include "offsets.inc"

global site_interrupts_check
global site_preemption_check
global site_preemption_touch
extern preempt_count

FLAGS_HIGH_IF equ 2                     ; the interrupt flag, in the second byte of the flags

section .text

; The touch, at the address that a touch by the caller would have. RSP is 8 lower than the caller's.
%macro TOUCH 0
    test byte [rsp + 8 - SITE_TOUCH_BYTES], al
%endmacro

; Jumps to %1 unless both interrupts and preemption are on.
%macro UNLESS_BOTH_ON 1
    cmp dword [gs:preempt_count], 0
    jne %1
    pushfq
    test byte [rsp + 1], FLAGS_HIGH_IF
    lea rsp, [rsp + 8]
    jz %1
%endmacro

; Called before a CLI.
align 16
site_interrupts_check:
    UNLESS_BOTH_ON .done
    TOUCH
.done:
    ret

; Replaces the ADD that turns preemption off.
align 16
site_preemption_check:
    UNLESS_BOTH_ON .done
    TOUCH
.done:
    add dword [gs:preempt_count], 1
    ret

; Replaces the ADD that turns preemption off where both are known to be on.
align 16
site_preemption_touch:
    TOUCH
    add dword [gs:preempt_count], 1
    ret
