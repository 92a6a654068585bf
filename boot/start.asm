; The entry points of the kernel and the change to long mode.
;
; Multiboot2 (GRUB): 32-bit protected mode, paging off, eax = 0x36d76289, ebx = information.
; PVH (qemu -kernel): 32-bit protected mode, paging off, ebx = start_info, eax undefined.
; (Multiboot2 specification 1.6 or later, section 3.3; Xen's PVH boot ABI.)
;
; Stack: up to boot_high esp points to boot_small_stack, and nothing is called; from boot_high on
; rsp points to the boot stack of linker.ld. Registers: esi = magic number and edi = physical
; address of the loader's information are kept for boot_main(); all others are changed.
; Page tables: those of this file map physical addresses 0 to 4 GiB at 0 and in the direct map, and
; the first GiB at KERNEL_BASE also. They are in use until kernel_space_build() replaces them.

%include "offsets.inc"

MULTIBOOT_HEADER_MAGIC equ 0xe85250d6
MULTIBOOT_MAGIC        equ 0x36d76289
PVH_MAGIC              equ 0x336ec578

extern boot_main
extern __boot_stack_top
extern __kernel_end_physical
global boot_multiboot_entry

section .multiboot progbits alloc noexec nowrite align=8
align 8
header:
    dd MULTIBOOT_HEADER_MAGIC
    dd 0                                ; i386 protected mode
    dd header.end - header
    dd -(MULTIBOOT_HEADER_MAGIC + (header.end - header))
    align 8
    dw 3, 0                             ; entry address
    dd 12
    dd boot_multiboot_entry
    align 8
    dw 5, 1                             ; framebuffer, optional: any size, 32 bits
    dd 20
    dd 0, 0, 32
    align 8
    dw 6, 0                             ; modules on page boundaries
    dd 8
    align 8
    dw 0, 0
    dd 8
.end:

section .note.pvh note alloc noexec nowrite align=4
    dd 4, 4, 18                         ; XEN_ELFNOTE_PHYS32_ENTRY
    db "Xen", 0
    dd boot_pvh_entry

section .boot.text progbits alloc exec nowrite align=16
bits 32

boot_pvh_entry:
    mov esi, PVH_MAGIC
    jmp boot_common

boot_multiboot_entry:
    mov esi, eax

boot_common:
    cli
    cld
    mov edi, ebx
    mov esp, boot_small_stack.top

    ; If the machine has too little memory, a loader may have copied the end of the image to
    ; addresses without memory. So check that the image's last word keeps two different values.
    mov ebp, message_memory
    mov ebx, __kernel_end_physical - 4
    mov edx, [ebx]
    mov dword [ebx], 0x5a17c0de
    cmp dword [ebx], 0x5a17c0de
    jne boot_refuse
    mov dword [ebx], 0xa5e83f21
    cmp dword [ebx], 0xa5e83f21
    jne boot_refuse
    mov [ebx], edx

    ; The CPU must have long mode and NX.
    mov eax, 0x80000000
    cpuid
    mov ebp, message_long_mode
    cmp eax, 0x80000001
    jb boot_refuse
    mov eax, 0x80000001
    cpuid
    test edx, 1 << 29
    jz boot_refuse
    mov ebp, message_no_execute
    test edx, 1 << 20
    jz boot_refuse

    ; Four page directories of 512 entries of 2 MiB: 4 GiB, present and writable.
    mov eax, 0x83                       ; present, writable, large
    xor ecx, ecx
.fill:
    mov [boot_directories + ecx * 8], eax
    mov dword [boot_directories + ecx * 8 + 4], 0
    add eax, 0x200000
    inc ecx
    cmp ecx, 4 * 512
    jne .fill

    mov dword [boot_pointers + 0 * 8], boot_directories + 0x0003
    mov dword [boot_pointers + 1 * 8], boot_directories + 0x1003
    mov dword [boot_pointers + 2 * 8], boot_directories + 0x2003
    mov dword [boot_pointers + 3 * 8], boot_directories + 0x3003
    mov dword [boot_pointers_kernel + 510 * 8], boot_directories + 0x0003
    mov dword [boot_level4 + 0 * 8], boot_pointers + 3
    mov dword [boot_level4 + 256 * 8], boot_pointers + 3
    mov dword [boot_level4 + 511 * 8], boot_pointers_kernel + 3

    mov eax, cr4
    or eax, 1 << 5                      ; PAE
    mov cr4, eax
    mov eax, boot_level4
    mov cr3, eax
    mov ecx, 0xc0000080                 ; EFER
    rdmsr
    or eax, (1 << 8) | (1 << 11)        ; long mode, NX
    wrmsr
    mov eax, cr0
    or eax, (1 << 31) | (1 << 16)       ; paging, write-protect
    and eax, ~((1 << 2) | (1 << 3) | (1 << 29) | (1 << 30)) ; no EM, TS; caches on
    mov cr0, eax
    lgdt [boot_gdt.pointer]
    jmp 0x08:boot_long

bits 64
boot_long:
    mov eax, 0x10
    mov ss, eax
    mov ds, eax
    mov es, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    mov rax, boot_high
    jmp rax

section .text
boot_high:
    mov rsp, __boot_stack_top
    xor ebp, ebp                        ; a null frame pointer ends every backtrace
    mov ecx, esi
    mov esi, edi                        ; second argument: the loader's information
    mov edi, ecx                        ; first argument: the magic number
    call boot_main
    ud2

; Writes a message to COM1 and to the VGA text screen, which says why this machine cannot run the
; kernel. Then ends the emulator, if there is one, or halts. ebp = the message, which ends with a
; zero byte. Context: boot, 32-bit mode, paging off. Uses no stack.
section .boot.text
bits 32
boot_refuse:
    mov dx, 0x3f8 + 3
    mov al, 0x03
    out dx, al
    mov edi, 0xb8000
    mov esi, ebp
.next:
    lodsb
    test al, al
    jz .stop
    mov ah, 0x4f
    stosw
    mov ah, al
    mov ecx, 100000
.wait:
    mov dx, 0x3f8 + 5
    in al, dx
    test al, 0x20
    loopz .wait
    mov al, ah
    mov dx, 0x3f8
    out dx, al
    jmp .next
.stop:
    mov al, 0x12                        ; EXIT_PANIC to QEMU's exit port, if there is one
    out 0xf4, al
    hlt
    jmp .stop

section .boot.data progbits alloc noexec write align=4096
boot_level4:          times 4096 db 0
boot_pointers:        times 4096 db 0
boot_pointers_kernel: times 4096 db 0
boot_directories:     times 4 * 4096 db 0
align 8
boot_gdt:
    dq 0
    dq 0x00af9b000000ffff               ; 64-bit code
    dq 0x00cf93000000ffff               ; data
.pointer:
    dw $ - boot_gdt - 1
    dd boot_gdt
message_long_mode:  db 13, 10, "Stalactite needs a 64-bit x86 CPU; this one has no long mode.", 13, 10, 0
message_no_execute: db 13, 10, "Stalactite needs a CPU with NX (no-execute pages); this one has none.", 13, 10, 0
message_memory:     db 13, 10, "Stalactite does not fit into this machine's memory; 16 MiB are enough.", 13, 10, 0
align 16
    times 256 db 0
boot_small_stack:
.top:
