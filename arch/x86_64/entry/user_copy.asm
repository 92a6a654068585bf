; Copies between user and kernel memory: the only instructions of the kernel that may touch user
; addresses. A page fault of one of them that cannot be resolved goes on at its fix-up, which
; user_copy.c finds in a table.
;
; Stack: the return address alone.
; Registers: arguments and result as in the C ABI; RCX, RDX, RSI, RDI and R8 are used.
;
; SMAP: between STAC and CLAC the CPU lets the kernel touch user pages. Both are patch sites, NOPs
; on a CPU without SMAP. STAC sets the flag AC. The entry of an event clears AC, and its exit
; restores it. So the permission never holds for other code that runs while this thread is
; interrupted, or sleeps in a page fault.

%include "offsets.inc"
%include "arch/x86_64/cpu/patch_site.inc"

global user_copy_from_user
global user_copy_to_user
global user_copy_string

; SITE kind: three bytes that become STAC or CLAC where the CPU has SMAP (patch_site.h).
%macro SITE 1
%%at:
    db 0x0f, 0x1f, 0x00                 ; NOP
    SITE_RECORD %%at, %1, 0
%endmacro

; USER_ACCESS fix-up, user side (0: RSI is read, 1: RDI is written), bytes a step, instruction:
; the instruction, and its row in the table of fix-ups: struct user_copy_site in user_copy.c.
%macro USER_ACCESS 4+
%%at:
    %4
    [section .user_copy_sites]
    dq %%at, %1
    dd %2, %3
    __?SECT?__
%endmacro

section .user_copy_sites progbits alloc noexec nowrite align=8
section .text

; size_t user_copy_..._user(void *to, const void *from, size_t bytes): returns the bytes that were
; not copied. Words first. A fault that stays unresolved ends the words, and the bytes that are left
; are copied one by one up to the byte that faults.
%macro COPY 2                           ; name, user side
align 16
%1:
    mov rcx, rdx
    shr rcx, 3
    and edx, 7
    SITE SITE_KIND_SMAP_OPEN
    USER_ACCESS %%words_end, %2, 8, rep movsq
    mov ecx, edx
%%bytes:
    USER_ACCESS %%end, %2, 1, rep movsb
%%end:
    SITE SITE_KIND_SMAP_CLOSE
    mov rax, rcx
    ret
%%words_end:
    lea rcx, [rdx + rcx * 8]
    jmp %%bytes
%endmacro

COPY user_copy_from_user, 0
COPY user_copy_to_user, 1

; size_t user_copy_string(char *to, const char *from, size_t room): copies up to and including the
; first zero byte, at most `room` bytes. Returns the bytes of the string without the zero; `room` if
; there is no zero byte among them; SIZE_MAX if a byte cannot be read.
align 16
user_copy_string:
    mov rcx, rdx
    SITE SITE_KIND_SMAP_OPEN
.next:
    test rcx, rcx
    jz .end
    USER_ACCESS .refused, 0, 1, mov al, [rsi]
    mov [rdi], al
    inc rsi
    inc rdi
    dec rcx
    test al, al
    jnz .next
    inc rcx                             ; the zero byte does not count
.end:
    SITE SITE_KIND_SMAP_CLOSE
    mov rax, rdx
    sub rax, rcx
    ret
.refused:
    SITE SITE_KIND_SMAP_CLOSE
    mov rax, -1
    ret
