; The first instructions of every processor but the boot processor.
;
; A STARTUP interrupt starts a processor in real mode at the page of low memory into which
; smp_trampoline.c has copied trampoline_begin..trampoline_end. Behind it lies a page of data, the
; start gate, which lets one expected processor pass (the scheduler's dispatch gate is another
; thing):
;
;   offset 0  state    0 closed, 1 waiting for a processor, 2 claimed
;          4  APIC id of the expected processor
;          8  physical address of the top-level page table to load
;
; A processor that is not the expected one parks here for good: it came after smp.c had given it up,
; or was started to be parked. It sets CR4.MCE. A machine check is broadcast to all processors, and
; would shut the machine down if one of them had CR4.MCE clear. The handler of the parked processor
; clears the check and returns.
;
; The expected processor claims the start gate and goes through protected mode into long mode. There
; it uses the trampoline's small page tables, which map this page read-only at its physical address,
; and the kernel half as in the kernel's tables. Then it jumps to the kernel's text.
;
; Stack: none until trampoline_high. Registers: esi = physical address of this page; all others are
; used.
; Source: Intel SDM volume 3A, 9.4 (start of processors), 10.8.5 (long mode), 4.1.1 (paging modes).

global trampoline_begin, trampoline_end
global trampoline_fixups, trampoline_fixups_end
extern smp_enter, smp_entry_stack, smp_kernel_root

%define HERE(label) ((label) - trampoline_begin)

GATE            equ 0x1000
GATE_STATE      equ GATE + 0
GATE_APIC_ID    equ GATE + 4
GATE_PAGE_TABLE equ GATE + 8
PARK_IDT        equ GATE + 0x100        ; the parked processors' interrupt table of real mode,
PARK_POINTER    equ GATE + 0x200        ; the pointer to it,
PARK_STACK      equ GATE + 0x1000       ; and their stack: see .park
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

    ; This processor's APIC id: leaf 11, if it exists, has all 32 bits; leaf 1 has eight.
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

; All parked processors share the interrupt table, its pointer and the stack. That does no harm:
; each writes the same values to table and pointer, and what an event pushes on the stack is the
; address of one of the two instructions at .parked, which serves any of them.
.park:
    mov ax, cs
    mov ss, ax
    mov esp, PARK_STACK
    mov word [PARK_IDT + 2 * 4], HERE(.nmi)
    mov [PARK_IDT + 2 * 4 + 2], cs
    mov word [PARK_IDT + 18 * 4], HERE(.machine_check)
    mov [PARK_IDT + 18 * 4 + 2], cs
    lea eax, [esi + PARK_IDT]
    mov word [PARK_POINTER], 18 * 4 + 3
    mov [PARK_POINTER + 2], eax
    o32 lidt [PARK_POINTER]
    mov eax, 1
    cpuid
    and edx, (1 << 7) | (1 << 14)       ; machine checks, and their MSRs
    cmp edx, (1 << 7) | (1 << 14)
    jne .parked
    mov eax, cr4
    or eax, 1 << 6                      ; MCE
    mov cr4, eax
.parked:
    hlt
    jmp .parked

.machine_check:
    mov ecx, 0x17a                      ; IA32_MCG_STATUS: the check is over
    xor eax, eax
    xor edx, edx
    wrmsr
.nmi:
    iret

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

; The offsets in the page of the 32-bit values to which the page's physical address is added.
align 2
trampoline_fixups:
    dw HERE(gdt_pointer.base), HERE(to_protected), HERE(to_long)
trampoline_fixups_end:

; In the kernel's text: loads the kernel's own page tables and a stack, and calls C.
section .text
bits 64
trampoline_high:
    mov rax, [rel smp_kernel_root]
    mov cr3, rax
    mov rsp, [rel smp_entry_stack]
    xor ebp, ebp                        ; the end of every backtrace
    call smp_enter
    ud2
