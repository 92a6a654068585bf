; The first steps of every processor but the first.
;
; A STARTUP interrupt makes a processor run, in real mode, the page of low memory into which smp.c
; has copied trampoline_begin..trampoline_end. Behind it lies the gate, a page of data:
;
;   offset 0  state    0 closed, 1 waiting for a processor, 2 claimed
;          4  APIC id of the processor that is waited for
;          8  physical address of the top-level page table to go on with
;
; A processor that is not waited for (it comes late, after smp.c has given up on it) parks here for
; good; it has touched nothing but its own registers. The one that is waited for claims the gate,
; goes through protected mode into long mode on smp.c's small page tables, which show this page
; read-only at its physical address and the kernel half as ever, and leaves for the kernel's text.
;
; Stack: none until trampoline_high. Registers: esi = physical address of this page.
; Source: Intel SDM volume 3A, 9.4 (start of processors), 10.8.5 (long mode), 4.1.1 (paging modes).

global trampoline_begin, trampoline_end
global trampoline_fixups, trampoline_fixups_end
extern smp_enter, smp_entry_stack, smp_kernel_root

%define HERE(label) ((label) - trampoline_begin)

GATE            equ 0x1000
GATE_STATE      equ GATE + 0
GATE_APIC_ID    equ GATE + 4
GATE_PAGE_TABLE equ GATE + 8
GATE_WAITING    equ 1
GATE_CLAIMED    equ 2

section .rodata
align 16
bits 16
trampoline_begin:
    cli
    cld
    mov ax, cs
    mov ds, ax
    movzx esi, ax
    shl esi, 4

    ; Who am I? Leaf 11 has all 32 bits of the APIC id, where there is one.
    xor eax, eax
    cpuid
    cmp eax, 11
    jb .old_id
    mov eax, 11
    xor ecx, ecx
    cpuid
    mov edi, edx
    test ebx, ebx
    jnz .have_id
.old_id:
    mov eax, 1
    cpuid
    shr ebx, 24
    mov edi, ebx
.have_id:
    cmp [GATE_APIC_ID], edi
    jne .park
    mov eax, GATE_WAITING
    mov ecx, GATE_CLAIMED
    lock cmpxchg [GATE_STATE], ecx
    jne .park

    lgdt [HERE(gdt_pointer)]
    mov eax, cr0
    or eax, 1                           ; protected mode
    mov cr0, eax
    jmp dword far [HERE(to_protected)]

.park:
    hlt
    jmp .park

bits 32
protected_mode:
    mov eax, 0x18
    mov ds, eax
    mov ss, eax
    mov es, eax
    mov eax, cr4
    or eax, 1 << 5                      ; PAE
    mov cr4, eax
    mov eax, [esi + GATE_PAGE_TABLE]
    mov cr3, eax
    mov ecx, 0xc0000080                 ; EFER
    rdmsr
    or eax, (1 << 8) | (1 << 11)        ; long mode, NX
    wrmsr
    mov eax, cr0
    or eax, (1 << 31) | (1 << 16)       ; paging, write-protect
    and eax, ~((1 << 2) | (1 << 3) | (1 << 29) | (1 << 30)) ; no EM, TS; caches on
    mov cr0, eax
    jmp dword far [esi + HERE(to_long)]

bits 64
long_mode:
    xor eax, eax
    mov fs, eax
    mov gs, eax
    mov rax, trampoline_high
    jmp rax

align 8
gdt:
    dq 0
    dq 0x00cf9b000000ffff               ; 0x08: 32-bit code
    dq 0x00af9b000000ffff               ; 0x10: 64-bit code
    dq 0x00cf93000000ffff               ; 0x18: data
gdt_end:
gdt_pointer:
    dw gdt_end - gdt - 1
.base:
    dd HERE(gdt)
align 4
to_protected:
    dd HERE(protected_mode)
    dw 0x08
align 4
to_long:
    dd HERE(long_mode)
    dw 0x10
trampoline_end:

; Where in the page a 32-bit offset stands to which the page's physical address is added.
align 2
trampoline_fixups:
    dw HERE(gdt_pointer.base), HERE(to_protected), HERE(to_long)
trampoline_fixups_end:

; In the higher half: the kernel's own page tables, a stack, and on in C.
section .text
bits 64
trampoline_high:
    mov rax, [rel smp_kernel_root]
    mov cr3, rax
    mov rsp, [rel smp_entry_stack]
    xor ebp, ebp                        ; the end of every backtrace
    call smp_enter
    ud2
