; The first and the last instructions of a thread that user/lib/thread.c made.

global thread_entry
global thread_stack_leave
extern thread_main
extern thread_stacks_free

section .text

; RDI holds the address of the struct thread_record, at the top of the stack; RSP is the same.
thread_entry:
        xor     ebp, ebp                ; backtraces end here
        call    thread_main
        ud2                             ; thread_main() does not return

; void thread_stack_leave(struct thread_record *record, int64_t status, uint64_t number): see
; thread_stack.h. Once the record is in the list, another thread may use the stack, so no
; instruction behind the CMPXCHG touches it.
thread_stack_leave:
        mov     qword [rdi + 8], 1      ; left
        mov     rax, [rel thread_stacks_free]
.again:
        mov     [rdi], rax              ; next
        lock cmpxchg [rel thread_stacks_free], rdi
        jne     .again
        mov     rdi, rsi
        mov     rax, rdx
        syscall
        ud2

section .note.GNU-stack noalloc noexec nowrite progbits
