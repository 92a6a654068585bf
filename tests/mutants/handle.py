"""Handles and messages: a handle gives exactly its rights, and a call gets one answer (I10)."""

from runner.mutant import Mutant

HANDLE_TABLE = "kernel/object/handle_table.c"
HANDLE_MATCH = "kernel/object/handle_table.h"
HANDLE_NOTE = "kernel/object/handle_note.h"
IPC = "kernel/ipc/ipc.c"
IPC_CALLS = "kernel/syscall/ipc_calls.c"
MESSAGE_CALLS = "kernel/syscall/message_calls.c"
MESSAGE_DIRECT = "kernel/syscall/message_direct.inc"
MESSAGE_FAST = "kernel/syscall/message_fast.c"
NOTIFICATION_DIRECT = "kernel/syscall/notification_direct.asm"
PAGER = "kernel/task/pager.c"
TASK_CALLS = "kernel/syscall/task_calls.c"
REGISTERS = "arch/x86_64/entry/user_registers.c"
USER_THREAD = "kernel/task/user_thread.c"

MUTANTS = (
    # I10: a handle names one object, with its rights and no others; an answer is given once.
    Mutant("generation-not-checked", "I10", "SYS0002", "ipc_call, argument 0, try 0: -16, not -12",
           edits=((HANDLE_MATCH, "uint64_t mask = CHECK_GENERATION_MASK | CHECK_OPEN |",
                   "uint64_t mask = CHECK_OPEN |"),)),
    Mutant("fast-answer-to-any-call", "I10", "MSF0005", r"left_since\(MESSAGE_LEFT_CALLER_GONE\) is 0",
           edits=((MESSAGE_FAST,
                   "caller->phase != IPC_AWAITS_REPLY || caller->call != self->right.call",
                   "caller->phase == IPC_IDLE"),)),
    Mutant("fast-call-without-a-right", "I10", "MSF0002", r"script_result\(&fast.client, 2\) is",
           edits=((MESSAGE_FAST, "endpoint_lock(self->handles, handle, RIGHT_SEND, &endpoint, &badge)",
                   "endpoint_lock(self->handles, handle, 0, &endpoint, &badge)"),)),
    Mutant("closed-handle-stays-known", "I10", "MSF0015", r"script_result\(&fast.server, 3\) is",
           edits=((HANDLE_TABLE, "&table->closes, table->closes + 1, __ATOMIC_SEQ_CST",
                   "&table->closes, table->closes, __ATOMIC_SEQ_CST"),)),
    Mutant("noted-handle-outlives-its-close", "I10", "SYS0123", "rax is 0",
           edits=((HANDLE_NOTE, "note->closes == __atomic_load_n(&table->closes, __ATOMIC_SEQ_CST)",
                   "note->closes != 0 && table->closes != 0"),)),
    Mutant("count-of-closes-recurs", "I10", "SYS0126", r"sleeping \+ 1\]\.rax is 0",
           edits=((HANDLE_NOTE, "note->closes == __atomic_load_n(&table->closes, __ATOMIC_SEQ_CST)",
                   "(uint32_t)note->closes == (uint32_t)table->closes"),)),
    Mutant("count-of-closes-recurs-in-a-wait", "I10", "SYS0126", r"sleeping \+ 3\]\.rax is 0",
           edits=((NOTIFICATION_DIRECT,
                   "    mov rax, [rcx + TABLE_CLOSES]\n    cmp rax, [r14 + USER_WAITS_CLOSES]\n",
                   "    mov eax, [rcx + TABLE_CLOSES]\n    cmp eax, [r14 + USER_WAITS_CLOSES]\n"),)),
    Mutant("count-of-closes-recurs-in-a-receive", "I10", "MSF0020", "rdx is 300 .*, not 400",
           edits=((MESSAGE_DIRECT,
                   "    mov rax, [rcx + TABLE_CLOSES]\n    cmp rax, [r14 + USER_IPC + IPC_RECEIVE_CLOSES]\n",
                   "    mov eax, [rcx + TABLE_CLOSES]\n    cmp eax, [r14 + USER_IPC + IPC_RECEIVE_CLOSES]\n"),)),
    Mutant("noted-object-is-kept", "I10", "NTF0026", "references is 3",
           edits=((USER_THREAD, "    user_thread_notes_release(user);\n", ""),)),
    Mutant("direct-wait-keeps-a-register", "I10", "SYS0125", r"wait->r8",
           edits=((NOTIFICATION_DIRECT,
                   "    xor r8d, r8d\n    xor r9d, r9d\n    xor r10d, r10d\n    jmp syscall_leave\n",
                   "    xor r9d, r9d\n    xor r10d, r10d\n    jmp syscall_leave\n"),)),
    Mutant("duplicate-keeps-all-rights", "I10", "SYS0003", r"RIGHT_SEND \| RIGHT_RECEIVE",
           edits=((HANDLE_TABLE, "value_of(table, handle, OBJECT_ANY, rights | RIGHT_DUPLICATE, &rights, &value)",
                   "value_of(table, handle, OBJECT_ANY, rights | RIGHT_DUPLICATE, NULL, &value)"),)),
    Mutant("duplicate-gains-rights", "I10", "SYS0003", r"RIGHT_SEND \| RIGHT_RECEIVE",
           edits=((HANDLE_TABLE, "value_of(table, handle, OBJECT_ANY, rights | RIGHT_DUPLICATE, &rights, &value)",
                   "value_of(table, handle, OBJECT_ANY, RIGHT_DUPLICATE, &rights, &value)"),)),
    Mutant("quota-of-handles-not-held", "I10", "SYS0003", "is .*, not -18",
           edits=((HANDLE_TABLE, "    if (table->open >= table->limit) {", "    if (false) {"),)),
    Mutant("reply-right-used-twice", "I10", "IPC0006", r"ipc_reply\(&self\) is -16",
           edits=((IPC, "    right->caller = NULL;\n", ""),)),
    Mutant("late-answer-is-taken", "I10", "IPC0008", r"reply_answer\(late_reply, &late\) is 0",
           edits=((IPC, "caller->phase == IPC_AWAITS_REPLY && caller->call == right->call;",
                   "caller->phase == IPC_AWAITS_REPLY;"),)),
    Mutant("any-handle-is-passed-on", "I10", "SYS0021", "is -11 .*, not -15",
           edits=((MESSAGE_CALLS, "handles[i], RIGHT_TRANSFER,", "handles[i], 0,"),)),
    Mutant("message-buffer-not-checked", "I10", "SYS0011", "message_buffer_set.* is 0",
           edits=((IPC_CALLS,
                   "if (address != 0 && !user_range_is_valid(address, sizeof(struct message_buffer))) {",
                   "if (false) {"),)),
    Mutant("handler-keeps-all-rights", "I10", "SYS0045", "handler.rights is",
           edits=((HANDLE_TABLE, "return value_of(table, handle, type, rights, &rights, value);",
                   "return value_of(table, handle, type, rights, NULL, value);"),)),
    # A task that nobody can reach or start is ended, whatever it has in its own table.
    Mutant("own-handles-keep-a-task", "I10", "SYS0083", "the abandoned task is still there",
           edits=(("kernel/task/task.c", "__atomic_add_fetch(&task->own_handles, 1, __ATOMIC_RELEASE);", ";"),)),
    Mutant("circles-are-kept", "I10", "SYS0085", "the tasks of the circle are still there",
           edits=(("kernel/task/abandoned.c", "} else if (waits) {", "} else if (false) {"),)),
    Mutant("circle-takes-what-the-kernel-makes", "I10", "SYS0086", r"made->dying",
           edits=(("kernel/task/task_circle.c",
                   "__atomic_load_n(&task->is_for_programs, __ATOMIC_ACQUIRE);", "true;"),)),
    Mutant("circle-takes-a-child", "I10", "SYS0085", r"task_count\(\) is",
           edits=(("kernel/task/task_circle.c",
                   "handles_visit(list_entry(node, struct task, circle_node), keep, &kept);", ";"),)),
    # I10: a pager gives what it was asked for, and no right that the region lacks.
    Mutant("pager-gives-any-page", "I10", "PGR0003", "pager_fixture_status.* is",
           edits=((PAGER, "question->offset - answer->offset < answer->bytes &&", ""),)),
    Mutant("pager-gives-any-right", "I10", "PGR0003", "pager_fixture_status.* is",
           edits=((PAGER, "&& (answer->rights & ~question->rights) == 0;", ";"),)),
    Mutant("pager-gives-to-a-reader", "I10", "PGR0016", "ONLY_READ.* is",
           edits=((PAGER, "|| !question->may_be_given) {", ") {"),)),
    Mutant("pager-gives-unreadable-memory", "I10", "PGR0016", "RIGHT_WRITE.* is",
           edits=((PAGER, "(value->rights & RIGHT_READ) == 0 ||", ""),)),
    Mutant("given-page-stays-writable", "I10", "PGR0015", r"PAGE_WRITABLE is",
           edits=(("mm/space/memory_object_share.c",
                   "region_page_reduce_one(from, index, PAGE_WRITABLE | PAGE_DIRTY)", "false"),)),
    # I10: registers that are written give no right.
    Mutant("any-rip-is-written", "I10", "TSK0008", "registers_write.* is 0",
           edits=((REGISTERS, "registers->rip < USER_BASE || registers->rip >= USER_END ||", ""),)),
    Mutant("any-flag-is-written", "I10", "TSK0008", "FLAGS_OF_KERNEL is",
           edits=((REGISTERS, "(registers->rflags & FLAGS_OF_USER) | FLAGS_INTERRUPT",
                   "registers->rflags | FLAGS_INTERRUPT"),)),
    # I10: a task gives no more than it has.
    Mutant("child-has-default-limits", "I10", "TSK0016", "child->thread_limit is 16384",
           edits=((TASK_CALLS, "    options->threads = own->thread_limit;", ""),)),
)
