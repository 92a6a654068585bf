"""Entries: what runs on an entry stack, and events that arrive at any time (I1, I2)."""

from runner.mutant import ALL_MODES, FAULT_AND_EAGER, Mutant

DESCRIPTORS = "arch/x86_64/entry/descriptors.c"
ENTRY = "arch/x86_64/entry/entry.c"
ENTRY_ASM = "arch/x86_64/entry/entry.asm"
FAULT = "mm/stack/stack_fault.c"
FPU = "arch/x86_64/cpu/fpu.c"
FAULT_PATH = "mm/stack/stack_fault_path.asm"
INTERRUPT = "arch/x86_64/entry/interrupt.c"
SYSCALL_ENTRY = "arch/x86_64/entry/syscall_entry.asm"
VECTORS = "arch/x86_64/entry/vectors.h"

MUTANTS = (
    # I1: what runs on an entry stack never faults, and a second entry leaves the first one whole.
    Mutant("frame-moved-onto-a-hole", "I1", "EVT0020", "stack fault on an entry stack",
           builds=("invariant",), modes=ALL_MODES, edits=((ENTRY, """\
    if (!entry_stack_fill(frame, (uintptr_t)copy, sizeof(*copy))) {
        return NULL;
    }
""", ""),)),
    Mutant("ist-not-lowered", "I1", "ENT0003", r"nested_ist\[kind\] is", modes=ALL_MODES,
           edits=((ENTRY_ASM, """\
    sub qword [IST_OF(%1)], ENTRY_AREA_BYTES
""", """\
"""), (ENTRY_ASM, """\
    jnz .move
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
""", """\
    jnz .move
"""), (ENTRY_ASM, """\
    mov rsp, rax
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
""", """\
    mov rsp, rax
"""))),
    Mutant("ist-not-restored-after-move", "I1", "ENT0004", "overflow of the interrupt entry stack",
           modes=ALL_MODES, edits=((ENTRY_ASM, """\
    mov rsp, rax
    add qword [IST_OF(%1)], ENTRY_AREA_BYTES
""", """\
    mov rsp, rax
"""),)),
    Mutant("gs-by-the-saved-cs", "I1", "USR0010", "covered is|ways_go", edits=((ENTRY_ASM, """\
    GS_WRITE MSR_GS_BASE
    RETURN_REGISTERS
""", """\
    test byte [rsp + FRAME_CS], 3
    jz .found
    GS_WRITE MSR_GS_BASE
.found:
    RETURN_REGISTERS
"""),)),
    Mutant("registers-not-cleared-after-a-call", "I10", "USR0002", r"f->rdi \| f->rsi",
           modes=FAULT_AND_EAGER, edits=((SYSCALL_ENTRY, """\
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    mov rsp, [rsp + FRAME_RSP]
""", """\
    mov rsp, [rsp + FRAME_RSP]
"""),)),
    Mutant("fpu-not-cleared", "I10", "FPU0003", "the CPU: byte", edits=((FPU, """\
        registers_save(left);
        registers_clear();
""", """\
        registers_save(left);
"""),)),
    Mutant("fpu-left-open", "I10", "FPU0003", "registers_read", edits=((FPU, """\
        fpu_forbid();
        return false;
""", """\
        return false;
"""),)),
    Mutant("fpu-survives-the-end", "I10", "FPU0008", "the CPU: byte", edits=((FPU, """\
    if (area != NULL && this_cpu(fpu_loaded) == area) {
        registers_clear();
""", """\
    if (area != NULL && this_cpu(fpu_loaded) == area) {
"""),)),
    Mutant("flags-not-cleared", "I1", "ENT0005", "flags_in_interrupt", modes=FAULT_AND_EAGER,
           edits=((ENTRY_ASM, """\
    push 2
    popfq
""", ""),)),
    Mutant("frame-not-marked", "I1", "BTR0003", "is not in the backtrace", edits=((ENTRY_ASM, """\
    CALL_WITH_FRAME %2
""", """\
    mov rdi, rsp
    call %2
"""),)),
    Mutant("ist-not-lowered-in-the-short-path", "I1", "EVT0010", "lowered_at_fill",
           edits=((FAULT_PATH, """\
    sub qword [IST_OF(ENTRY_PAGE_FAULT)], ENTRY_AREA_BYTES
    mov rcx, cr2
""", """\
    mov rcx, cr2
"""), (FAULT_PATH, """\
    add qword [IST_OF(ENTRY_PAGE_FAULT)], ENTRY_AREA_BYTES
    TAKE_SHORT_FRAME_OFF
""", """\
    TAKE_SHORT_FRAME_OFF
"""))),
    Mutant("short-path-serves-ring-3", "I1", "USR0060", "backed_at_fault is", edits=((ENTRY_ASM, """\
    test byte [rsp + FRAME_CS - FRAME_ERROR], 3
    jnz entry_page_fault_user
    jmp [page_fault_short_path]
""", """\
    jmp [page_fault_short_path]
"""),)),
    Mutant("stack-fault-before-the-privilege", "I1", "USR0060", "on a backed stack page",
           edits=((ENTRY_ASM, "    jnz entry_page_fault_user\n", "    jnz entry_page_fault_whole\n"),
                  (FAULT, "if (unlikely(frame->error & PAGE_FAULT_USER)) {", "if (false) {"))),
    # I2: no asynchronous event is pushed onto a page that may be missing, and none is lost.
    Mutant("interrupts-on-the-stack-in-use", "I2", "EVT0002", "0 arrived, in service",
           modes=("fault", "prefault"), edits=((
        DESCRIPTORS, "ENTRY_ASYNCHRONOUS(ENTRY_INTERRUPT)", "ENTRY_THREAD"),)),
    Mutant("interrupt-gates-name-no-stack", "I2", "ENT0002", r"gate_stack\(vector\) is 0",
           modes=FAULT_AND_EAGER, edits=((
               DESCRIPTORS, "ENTRY_ASYNCHRONOUS(ENTRY_INTERRUPT)", "ENTRY_THREAD"),)),
    Mutant("nmi-on-the-stack-in-use", "I2", "EVT0003", "0 arrived",
           edits=((VECTORS,
        "ENTRY_ASYNCHRONOUS(ENTRY_NMI)", "ENTRY_THREAD"),)),
    Mutant("debug-on-the-stack-in-use", "I2", "EVT0004", "0 arrived", edits=((VECTORS,
        "ENTRY_ASYNCHRONOUS(ENTRY_DEBUG)", "ENTRY_THREAD"),)),
    Mutant("interrupt-never-ended", "I2", "EVT0002", "1 arrived, in service 232",
           modes=FAULT_AND_EAGER, edits=((INTERRUPT,
        "if (vector != VECTOR_SPURIOUS) {",
        "if (vector != VECTOR_SPURIOUS && vector != VECTOR_TEST) {"),)),
    Mutant("interrupt-ended-after-the-move", "I2", "EVT0020", "other_in_service is",
           modes=FAULT_AND_EAGER, edits=((INTERRUPT, """\
    if (vector != VECTOR_SPURIOUS) {
        interrupt_end();
    }
""", ""), (ENTRY, """\
    struct trap_frame *moved = interrupt_leave(frame);
    if (moved == NULL) {
""", """\
    struct trap_frame *moved = interrupt_leave(frame);
    if (moved == NULL && frame->vector != VECTOR_SPURIOUS) {
        interrupt_end();
    }
    if (moved == NULL) {
"""), (ENTRY, """\
        entry_preempt();
    } else if (frame->vector != VECTOR_PAGE_FAULT) {
""", """\
        entry_preempt();
        interrupt_end();
    } else if (frame->vector != VECTOR_PAGE_FAULT) {
"""))),
)
