; Code that tests run in user mode, at USER_WORLD_CODE (tests/support/user_world.h). It is copied
; there, so it uses relative addresses only.
;
; Stack: the page that ends at USER_WORLD_TOP.
; Registers: RDI holds the test's argument at entry. Each piece ends by an exception, whose frame
; the test reads: UD2, unless the piece is about another one.

%include "offsets.inc"

global user_code_begin
global user_code_end
global user_code_ud2
global user_code_syscall
global user_code_syscall_flags
global user_code_spin
global user_code_touch
global user_code_write
global user_code_jump
global user_code_calls
global user_code_script
global user_code_null_number
global user_code_yield_number
global user_code_thread_exit_number
global user_code_port_read_number

; The number of the call that does nothing, as kernel/syscall_list.h has it: a test compares.
%define SYSCALL_NULL 6
%define SYSCALL_CLOCK_READ 8
%define SYSCALL_YIELD 7
%define SYSCALL_PORT_READ 26
%define SYSCALL_THREAD_EXIT 34
%define SYSCALL_NOTIFICATION_WAIT   5
%define SYSCALL_MESSAGE_BUFFER_SET  11
%define SYSCALL_NOTIFICATION_SIGNAL 17

; For benchmarks, as tests/bench/bench_side.h and user_benchmark.c have them.
%define PORT           0x80             ; the machine's checkpoint codes: reading it has no effect
%define PORT_HANDLE_AT 511 * 8
%define CALLS          400
%define DATA           user_code_begin + PAGE_BYTES
%define TAGS           16
%define TAGS_AT        400 * 8
%define STAMP_AT       416 * 8
%define HANDLE_AT      417 * 8
%define STAMP_CLIENT   1
%define STAMP_SERVER   2
%define MESSAGE_BUFFER 0x10000000       ; the bottom of the stack, which no piece uses
%define MESSAGE_BYTES  4096
%define BYTES_SENT     0x5e27b17e5e27b17e

%macro PIECE 1
align 16
global user_code_%1
user_code_%1:
%endmacro

; Around what a piece times: RBP holds the counter meanwhile, and the difference goes to [R14]. RAX and
; RDX are lost.
%macro TICKS_BEGIN 0
    lfence
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov rbp, rax
%endmacro

%macro TICKS_END 0
    lfence
    rdtsc
    shl rdx, 32
    or rax, rdx
    sub rax, rbp
    mov [r14], rax
    add r14, 8
%endmacro

section .rodata
align 4096
user_code_begin:

PIECE ud2
    ud2

; One system call, number RDI, with a value of its own in each register; then UD2 shows them.
PIECE syscall
    mov rax, rdi
    mov rbx, 0x1b
    mov rbp, 0x1e
    mov rdi, 0x1d
    mov rsi, 0x15
    mov rdx, 0x1a
    mov r8, 0x18
    mov r9, 0x19
    mov r10, 0x10
    mov r12, 0x12
    mov r13, 0x13
    mov r14, 0x14
    mov r15, 0x16
user_code_syscall_at:
    syscall
global user_code_syscall_after
user_code_syscall_after:
    ud2

; Sets the flags in RDI, makes a system call, and shows the flags afterwards in RAX.
PIECE syscall_flags
    push rdi
    popfq
    mov eax, SYSCALL_NULL
    syscall
    pushfq
    pop rax
    ud2

; Every way into the kernel that comes back: a system call, INT3, and a page fault at RDI. (An
; interrupt is pending when the thread gets here.)
PIECE ways
    mov rbx, rdi
    mov eax, SYSCALL_NULL
    syscall
    int3
    mov rax, [rbx]
    ud2

; RDI system calls that do nothing; RBX counts those that kept RBP and returned 0.
PIECE calls
    xor ebx, ebx
    mov rbp, 0x0123456789abcdef
    mov r15, rdi
.next:
    mov r14, rbp
    mov eax, SYSCALL_NULL
    syscall
    test rax, rax
    jnz .bad
    cmp r14, rbp
    jne .bad
    inc rbx
    dec r15
    jnz .next
.bad:
    ud2

; Begins and ends a measurement, RDI times: ticks of the counter over what stands between, to the
; words at USER_WORLD_DATA.
%macro TIMED_BEGIN 0
    mov r15, rdi
    lea r14, [rel user_code_begin + PAGE_BYTES]
.next:
    lfence
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov r12, rax
%endmacro
%macro TIMED_END 0
    lfence
    rdtsc
    shl rdx, 32
    or rax, rdx
    sub rax, r12
    mov [r14], rax
    add r14, 8
    dec r15
    jnz .next
    ud2
%endmacro

; A system call, its number's MOV included.
PIECE time_calls
    TIMED_BEGIN
    mov eax, SYSCALL_NULL
    syscall
    TIMED_END

; The time by a system call.
PIECE time_clock_call
    TIMED_BEGIN
    mov eax, SYSCALL_CLOCK_READ
    syscall
    TIMED_END

; The time without a system call: the counter, less its start, times a factor of 32 bits behind the
; point. Start and factor come from memory, as from a page that the kernel would keep.
PIECE time_clock_page
    TIMED_BEGIN
    lea rcx, [rel user_code_begin + PAGE_BYTES + 8 * 504]
    rdtsc
    shl rdx, 32
    or rax, rdx
    sub rax, [rcx]
    mul qword [rcx + 8]
    shrd rax, rdx, 32
    TIMED_END

; A byte of a port by a system call. The word at PORT_HANDLE_AT is the handle, and becomes the result of
; a first call.
PIECE time_port_read
    mov r13, rdi
    lea rbx, [rel DATA + PORT_HANDLE_AT]
    mov rbp, [rbx]
    mov rdi, rbp
    mov esi, PORT
    mov edx, 1
    mov eax, SYSCALL_PORT_READ
    syscall
    mov [rbx], rax
    mov rdi, r13
    TIMED_BEGIN
    mov rdi, rbp
    mov esi, PORT
    mov edx, 1
    mov eax, SYSCALL_PORT_READ
    syscall
    TIMED_END

; Nothing: what the reading of the counter costs.
PIECE time_nothing
    TIMED_BEGIN
    TIMED_END

; Makes the system calls that the list at RDI asks for: a word with their number, then for each the
; registers of struct script_call (tests/syscall/script.h), which get their new values.
PIECE script
    mov rbp, [rdi]
    lea rbx, [rdi + 8]
.next:
    mov rax, [rbx]
    mov rdi, [rbx + 8]
    mov rsi, [rbx + 16]
    mov rdx, [rbx + 24]
    mov r10, [rbx + 32]
    mov r8, [rbx + 40]
    mov r9, [rbx + 48]
    mov r12, [rbx + 56]
    mov r13, [rbx + 64]
    syscall
    mov [rbx], rax
    mov [rbx + 8], rdi
    mov [rbx + 16], rsi
    mov [rbx + 24], rdx
    mov [rbx + 32], r10
    mov [rbx + 40], r8
    mov [rbx + 48], r9
    mov [rbx + 56], r12
    mov [rbx + 64], r13
    add rbx, 72
    dec rbp
    jnz .next
    ud2

; Makes CALLS calls of the endpoint whose handle is RDI, each with six words and with the tag that
; stands for it in the page of data (tests/bench/bench_side.h), from a message buffer that is full of
; BYTES_SENT, and stores the ticks of each. It checks all words of the answers, and its stamp; if
; one is wrong it ends by INT3.
PIECE ipc_client
    mov rbx, rdi
    mov edi, MESSAGE_BUFFER
    mov ecx, MESSAGE_BYTES / 8
    mov rax, BYTES_SENT
    rep stosq
    mov edi, MESSAGE_BUFFER
    mov eax, SYSCALL_MESSAGE_BUFFER_SET
    syscall
    test rax, rax
    jnz .bad
    mov r15d, CALLS
    lea r14, [rel DATA]
.next:
    mov ecx, r15d
    neg ecx
    and ecx, TAGS - 1                   ; CALLS is a multiple of TAGS
    lea rsi, [rel DATA + TAGS_AT]
    mov rsi, [rsi + rcx * 8]
    mov rdi, rbx
    mov r8d, 2
    mov r9d, 3
    mov r10d, 4
    mov r12d, 5
    mov r13d, 6
    TICKS_BEGIN
    mov edx, 1
    xor eax, eax                        ; ipc_call
    syscall
    mov rcx, rdx
    mov r11, rax
    TICKS_END
    test r11, r11
    jnz .bad
    cmp rcx, 101
    jne .bad
    cmp r8, 102
    jne .bad
    cmp r9, 103
    jne .bad
    cmp r10, 104
    jne .bad
    cmp r12, 105
    jne .bad
    cmp r13, 106
    jne .bad
    cmp qword [rel DATA + STAMP_AT], STAMP_CLIENT
    jne .bad
    dec r15d
    jnz .next
    ud2
.bad:
    int3

; A server's check of a message, and its answer: each word plus 100. RBX is the endpoint's handle.
%macro SERVE 1
    test rax, rax
    jnz %1
    cmp rdi, 7
    jne %1
    cmp qword [rel DATA + STAMP_AT], STAMP_SERVER
    jne %1
    add rdx, 100
    add r8, 100
    add r9, 100
    add r10, 100
    add r12, 100
    add r13, 100
    mov rdi, rbx
    xor esi, esi
    mov eax, 3                          ; ipc_reply_receive
    syscall
%endmacro

; Receives from the endpoint whose handle is RDI, and answers each word plus 100, for ever. The
; badge must be 7, and the stamp a server's; else it ends by INT3.
PIECE ipc_server
    mov rbx, rdi
    xor esi, esi
    mov eax, 1                          ; ipc_receive
    syscall
.next:
    SERVE .bad
    jmp .next
.bad:
    int3

; ipc_server for messages that may have bytes, of which it checks the last eight.
PIECE ipc_bytes_server
    mov rbx, rdi
    mov r15, BYTES_SENT
    mov edi, MESSAGE_BUFFER
    mov eax, SYSCALL_MESSAGE_BUFFER_SET
    syscall
    mov rdi, rbx
    xor esi, esi
    mov eax, 1                          ; ipc_receive
    syscall
.next:
    and esi, 2 * MESSAGE_BYTES - 1      ; the bytes in the tag
    jz .words
    cmp [rsi + MESSAGE_BUFFER - 8], r15
    jne .bad
    mov qword [rsi + MESSAGE_BUFFER - 8], 0
.words:
    SERVE .bad
    jmp .next
.bad:
    int3

; Signals bit 0 by the first handle in the page of data, and waits for bit 1 by the second, CALLS
; times, and stores the ticks of each.
PIECE notify_client
    mov rbx, [rel DATA + HANDLE_AT]
    mov r12, [rel DATA + HANDLE_AT + 8]
    mov r15d, CALLS
    lea r14, [rel DATA]
.next:
    TICKS_BEGIN
    mov rdi, rbx
    mov esi, 1
    mov eax, SYSCALL_NOTIFICATION_SIGNAL
    syscall
    mov r13, rax
    mov rdi, r12
    mov rsi, -1                         ; no deadline
    mov eax, SYSCALL_NOTIFICATION_WAIT
    syscall
    or r13, rax
    mov rcx, rdx
    TICKS_END
    test r13, r13
    jnz .bad
    cmp rcx, 2
    jne .bad
    cmp qword [rel DATA + STAMP_AT], STAMP_CLIENT
    jne .bad
    dec r15d
    jnz .next
    ud2
.bad:
    int3

; The other side of notify_client.
PIECE notify_server
    mov rbx, [rel DATA + HANDLE_AT]
    mov r12, [rel DATA + HANDLE_AT + 8]
.next:
    mov rdi, r12
    mov rsi, -1
    mov eax, SYSCALL_NOTIFICATION_WAIT
    syscall
    test rax, rax
    jnz .bad
    cmp rdx, 1
    jne .bad
    cmp qword [rel DATA + STAMP_AT], STAMP_SERVER
    jne .bad
    mov rdi, rbx
    mov esi, 2
    mov eax, SYSCALL_NOTIFICATION_SIGNAL
    syscall
    test rax, rax
    jz .next
.bad:
    int3

; Reads a word of each of CALLS pages from RDI on, and stores the ticks of each at USER_WORLD_DATA.
PIECE pager_client
    mov rbx, rdi
    mov r15d, CALLS
    lea r14, [rel user_code_begin + PAGE_BYTES]
.next:
    TICKS_BEGIN
    mov rcx, [rbx]
    TICKS_END
    add rbx, PAGE_BYTES
    dec r15d
    jnz .next
    ud2

; Receives from the endpoint whose handle is RDI, and gives the page that each message asks for, to
; be read, for ever. The badge must be 7; else it ends by INT3.
PIECE pager_server
    mov rbx, rdi
    xor esi, esi
    mov eax, 1                          ; ipc_receive
    syscall
.next:
    test rax, rax
    jnz .bad
    cmp rdi, 7
    jne .bad
    mov edx, 1                          ; PAGER_SUPPLY
    mov r8, r12                         ; the offset: word 4 becomes word 1
    mov r9d, PAGE_BYTES
    mov r10d, 0x10                      ; RIGHT_READ
    mov rdi, rbx
    xor esi, esi
    mov eax, 3                          ; ipc_reply_receive
    syscall
    jmp .next
.bad:
    int3

; Counts in the word at RDI until the word after it is not 0, and checks on the way that registers
; keep their values: R9 counts those that did not.
PIECE spin
    xor r9d, r9d
    mov rbx, 0x0b0b0b0b0b0b0b0b
    mov r15, 0x0f0f0f0f0f0f0f0f
    mov r11, 0x1111111111111111
.next:
    inc qword [rdi]
    mov rax, 0x0b0b0b0b0b0b0b0b
    cmp rax, rbx
    jne .bad
    mov rax, 0x0f0f0f0f0f0f0f0f
    cmp rax, r15
    jne .bad
    mov rax, 0x1111111111111111
    cmp rax, r11
    jne .bad
    cmp qword [rdi + 8], 0
    je .next
    ud2
.bad:
    inc r9
    ud2

; Stores the word at FS base to RDI, for ever.
PIECE fs_store
    mov rax, [fs:0]
    mov [rdi], rax
    jmp user_code_fs_store

; Reads the word at RDI, stores it at USER_WORLD_DATA, writes it behind the first, says so at
; USER_WORLD_DATA + 8, and loops.
PIECE page_use
    lea r14, [rel user_code_begin + PAGE_BYTES]
    mov rax, [rdi]
    mov [r14], rax
    mov [rdi + 8], rax
    inc qword [r14 + 8]
.loop:
    jmp .loop

; Receives from the endpoint whose handle is the word at RDI, without a wait, and touches the address
; in the word behind it.
PIECE receive_touch
    mov rbx, rdi
    mov rdi, [rbx]
    mov rsi, 1 << 32                    ; MESSAGE_TAG_POLL
    mov eax, 1                          ; ipc_receive
    syscall
    mov rbx, [rbx + 8]
    mov rax, [rbx]
    ud2

PIECE touch
    mov rax, [rdi]
    ud2

PIECE write
    mov [rdi], rax
    ud2

PIECE jump
    jmp rdi

; Instructions that ring 3 may not execute, or that raise an exception of their own.
PIECE hlt
    hlt
    ud2
PIECE cli
    cli
    ud2
PIECE in
    in al, 0x60
    ud2
PIECE out
    out 0x80, al
    ud2
PIECE read_cr3
    mov rax, cr3
    ud2
PIECE wrmsr
    xor ecx, ecx
    wrmsr
    ud2
PIECE swapgs
    swapgs
    ud2
PIECE int3
    int3
    ud2
PIECE int80
    int 0x80
    ud2
PIECE int14
    int 14
    ud2
PIECE icebp
    db 0xf1
    ud2
PIECE divide
    xor edx, edx
    xor ecx, ecx
    div ecx
    ud2
PIECE sse
    movaps xmm0, xmm1
    ud2

; Sets R13 to 1 if user mode may use AVX, else to 0. Uses RAX, RBX, RCX, RDX.
%macro AVX_FIND 0
    xor r13d, r13d
    mov eax, 1
    cpuid
    not ecx
    test ecx, 1 << 27 | 1 << 28         ; XGETBV is there; AVX
    jnz %%none
    xor ecx, ecx
    xgetbv
    and eax, 6
    cmp eax, 6
    sete r13b
%%none:
%endmacro

; Writes the FPU's registers to the address in %1: FXSAVE's image, and behind its first 416 bytes the
; upper halves of the YMM registers.
%macro FPU_IMAGE 1
    fxsave64 [%1]
    test r13d, r13d
    jz %%done
%assign register 0
%rep 16
    vextractf128 [%1 + 416 + 16 * register], ymm %+ register, 1
%assign register register + 1
%endrep
%%done:
%endmacro

; Writes the FPU's registers, as the thread finds them, to RDI, says so in the word before, and ends
; with status 0 when that word is 2.
PIECE fpu_look
    mov rsi, rdi
    AVX_FIND
    FPU_IMAGE rsi
    mov rbx, rsi
    mov qword [rbx - 8], 1
.wait:
    mov eax, SYSCALL_YIELD
    syscall
    cmp qword [rbx - 8], 2
    jne .wait
    xor edi, edi
    mov eax, SYSCALL_THREAD_EXIT
    syscall

; Fills the FPU's registers, then counts in the word at RDI, yields and compares, until the word
; after it is not 0. The third word becomes 1 if a register has changed.
%define IMAGES -2048
PIECE fpu_keep
    mov rbp, rdi
    lea r12, [rsp + IMAGES]
    AVX_FIND
    mov rax, 0x5aa5a55ac33c3cc3
    sub rsp, 32
    mov [rsp], rax
    not rax
    mov [rsp + 8], rax
    mov dword [rsp + 16], 0x7fa0        ; MXCSR: rounds towards 0, has a flag set
    ldmxcsr [rsp + 16]
    mov word [rsp + 16], 0x0f7f         ; x87 as well
    fldcw [rsp + 16]
%rep 8
    fldpi
%endrep
%assign register 0
%rep 16
    movups xmm %+ register, [rsp]
%assign register register + 1
%endrep
    test r13d, r13d
    jz .filled
%assign register 0
%rep 16
    vinsertf128 ymm %+ register, ymm %+ register, [rsp], 1
%assign register register + 1
%endrep
.filled:
    FPU_IMAGE r12
.next:
    mov eax, SYSCALL_YIELD
    syscall
    FPU_IMAGE r12 + 1024
    mov rsi, r12
    lea rdi, [r12 + 1024]
    mov ecx, (416 + 256) / 8
    repe cmpsq
    je .same
    mov qword [rbp + 16], 1
.same:
    inc qword [rbp]
    cmp qword [rbp + 8], 0
    je .next
    xor edi, edi
    mov eax, SYSCALL_THREAD_EXIT
    syscall

; Makes eight calls of the endpoint whose handle is RDI, each with another value in XMM0. Ends with
; status 0 if all were answered and no call changed the value, else with 1.
PIECE fpu_caller
    mov rbx, rdi
    mov r15d, 8
.next:
    movd xmm0, r15d
    mov rdi, rbx
    xor esi, esi
    xor eax, eax                        ; ipc_call
    syscall
    movd ecx, xmm0
    mov edi, 1
    test rax, rax
    jnz .end
    cmp ecx, r15d
    jne .end
    dec r15d
    jnz .next
    xor edi, edi
.end:
    mov eax, SYSCALL_THREAD_EXIT
    syscall

; Sets bits of MXCSR that do not exist: #GP.
PIECE fpu_reserved
    push -1
    ldmxcsr [rsp]
    mov edi, 1
    mov eax, SYSCALL_THREAD_EXIT
    syscall

; Divides by zero with that exception unmasked: #XM.
PIECE fpu_divide
    push 0x1d80
    ldmxcsr [rsp]
    xorps xmm1, xmm1
    mov eax, 0x3f800000
    movd xmm0, eax
    divss xmm0, xmm1
    mov edi, 1
    mov eax, SYSCALL_THREAD_EXIT
    syscall
PIECE x87
    fld1
    ud2
PIECE sgdt
    sgdt [rsp - 16]
    ud2
PIECE str
    str eax
    ud2
PIECE sidt
    sidt [rsp - 16]
    ud2
PIECE sldt
    sldt eax
    ud2
PIECE smsw
    smsw eax
    ud2

;  Code that the kernel must not execute; it would go on at RBX.
PIECE back
    jmp rbx

; A system call right behind MOV SS, which reads the selector at RDI.
PIECE mov_ss
    mov eax, SYSCALL_NULL
    mov ss, [rdi]
    syscall
global user_code_mov_ss_after
user_code_mov_ss_after:
    ud2
PIECE noncanonical
    mov rax, 0x8000000000000000
    mov rax, [rax]
    ud2
PIECE trap
    pushfq
    or qword [rsp], 0x100
    popfq
    nop
    ud2
; TF over a system call: the trap comes in ring 3, behind it.
PIECE trap_syscall
    mov eax, SYSCALL_NULL
    pushfq
    or qword [rsp], 0x100
    popfq
    syscall
global user_code_trap_syscall_after
user_code_trap_syscall_after:
    nop
    ud2
align 8
user_code_null_number:
    dq SYSCALL_NULL
user_code_yield_number:
    dq SYSCALL_YIELD
user_code_thread_exit_number:
    dq SYSCALL_THREAD_EXIT
user_code_port_read_number:
    dq SYSCALL_PORT_READ
user_code_end:
