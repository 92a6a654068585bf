; What text sites call in the modes that replace them (patch_site.h): a touch of the stack,
; SITE_TOUCH_BYTES below where the caller is, so that a hole there is filled while a fault may still
; be served.
;
; Every register is kept; flags are not. The stack holds the return address and, for a moment, the
; flags.

%include "offsets.inc"

global site_interrupts_check
global site_preemption_check
global site_preemption_touch
extern preempt_count

FLAGS_HIGH_IF equ 2                     ; the interrupt flag, in the second byte of the flags

section .text

; The touch where a return address lies on the stack: as far down as the caller's own would be.
%macro TOUCH 0
    test byte [rsp + 8 - SITE_TOUCH_BYTES], al
%endmacro

; Goes to %1 unless both interrupts and preemption are on.
%macro UNLESS_BOTH_ON 1
    cmp dword [gs:preempt_count], 0
    jne %1
    pushfq
    test byte [rsp + 1], FLAGS_HIGH_IF
    lea rsp, [rsp + 8]
    jz %1
%endmacro

; Before a CLI.
align 16
site_interrupts_check:
    UNLESS_BOTH_ON .done
    TOUCH
.done:
    ret

; In place of the ADD that turns preemption off.
align 16
site_preemption_check:
    UNLESS_BOTH_ON .done
    TOUCH
.done:
    add dword [gs:preempt_count], 1
    ret

align 16
site_preemption_touch:
    TOUCH
    add dword [gs:preempt_count], 1
    ret
