; A thread without a stack: it calls the endpoint once, with its number, and waits there. The answer is
; the number with its bits inverted.

global bare_member
extern bare_endpoint
extern bare_calls                       ; the numbers of ipc_call, thread_exit and task_exit

section .text

; RDI holds the number. RBX outlives the call.
bare_member:
        mov     rbx, rdi
        mov     rdx, rdi                ; the first word; the others are 0, as is the tag
        mov     edi, [rel bare_endpoint]
        mov     eax, [rel bare_calls]
        syscall
        not     rdx
        cmp     rdx, rbx
        jne     .wrong
        test    rax, rax
        jnz     .wrong
        xor     edi, edi
        mov     eax, [rel bare_calls + 4]
        syscall
        ud2
.wrong:
        mov     edi, 1
        mov     eax, [rel bare_calls + 8]
        syscall
        ud2

section .note.GNU-stack noalloc noexec nowrite progbits
