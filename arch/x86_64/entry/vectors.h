/*
 * The vectors as data. The IDT, FRED's stack levels, the entry stubs in NASM and the names in
 * messages are made from this list.
 *
 * VECTOR(number, symbol, has_error_code, stack, "name")
 *
 * `stack` is the stack on which the CPU enters. ENTRY_THREAD stands for no entry stack: the CPU
 * stays on the stack in use, or changes from ring 3 to the thread's kernel stack. It is for faults
 * and software interrupts, which the CPU raises again if the push of their frame faults. All other
 * values are entry stacks, which are always backed. docs/lost-events.md explains why each
 * asynchronous event needs one. Who uses this column includes asynchronous.h as well.
 * Source: Intel SDM volume 3A, table 6-1.
 */
#pragma once

/* Kinds of entry stack; the value is the IST index in the IDT entry, 0 for none. */
#define ENTRY_THREAD        0
#define ENTRY_PAGE_FAULT    1
#define ENTRY_INTERRUPT     2
#define ENTRY_NMI           3
#define ENTRY_MACHINE_CHECK 4
#define ENTRY_DEBUG         5
#define ENTRY_DOUBLE_FAULT  6
#define ENTRY_KINDS         7

#define VECTOR_DEBUG         1
#define VECTOR_NMI           2
#define VECTOR_BREAKPOINT    3
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_PAGE_FAULT    14
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_EXCEPTIONS    32
#define VECTOR_COUNT         256

#define VECTOR_INVALID_OPCODE     6
#define VECTOR_NO_FPU             7
#define VECTOR_GENERAL_PROTECTION 13

/* Interrupts. The masked 8259s have 0x20 to 0x2f, so that a spurious interrupt has a vector. */
#define VECTOR_LEGACY     0x20
#define VECTOR_DEVICES    0x30
#define VECTOR_TIMER      0xe0
#define VECTOR_RESCHEDULE 0xe1
#define VECTOR_SHOOTDOWN  0xe2
#define VECTOR_CALL       0xe3 /* asks a CPU for its free frames: mm/frame/frame_collect.c */
#define VECTOR_CONSOLE    0xe5
#define VECTOR_TEST       0xe8
#define VECTOR_APIC_ERROR 0xfe
#define VECTOR_SPURIOUS   0xff

/* User shootdown: of the lower half of one address space. */
#define VECTOR_USER_SHOOTDOWN 0xe4

/* clang-format off */
#define VECTOR_LIST(VECTOR) \
    VECTOR(0,  divide_error,         0, ENTRY_THREAD,        "#DE divide error") \
    VECTOR(1,  debug,                0, ENTRY_ASYNCHRONOUS(ENTRY_DEBUG), "#DB debug") \
    VECTOR(2,  nmi,                  0, ENTRY_ASYNCHRONOUS(ENTRY_NMI), "NMI") \
    VECTOR(3,  breakpoint,           0, ENTRY_THREAD,        "#BP breakpoint") \
    VECTOR(4,  overflow,             0, ENTRY_THREAD,        "#OF overflow") \
    VECTOR(5,  bound,                0, ENTRY_THREAD,        "#BR bound exceeded") \
    VECTOR(6,  invalid_opcode,       0, ENTRY_THREAD,        "#UD invalid opcode") \
    VECTOR(7,  device_not_available, 0, ENTRY_THREAD,        "#NM device not available") \
    VECTOR(8,  double_fault,         1, ENTRY_DOUBLE_FAULT,  "#DF double fault") \
    VECTOR(9,  coprocessor,          0, ENTRY_THREAD,        "coprocessor overrun") \
    VECTOR(10, invalid_tss,          1, ENTRY_THREAD,        "#TS invalid TSS") \
    VECTOR(11, segment_not_present,  1, ENTRY_THREAD,        "#NP segment not present") \
    VECTOR(12, stack_segment,        1, ENTRY_THREAD,        "#SS stack segment") \
    VECTOR(13, general_protection,   1, ENTRY_THREAD,        "#GP general protection") \
    VECTOR(14, page_fault,           1, ENTRY_PAGE_FAULT,    "#PF page fault") \
    VECTOR(15, reserved_15,          0, ENTRY_THREAD,        "reserved 15") \
    VECTOR(16, floating_point,       0, ENTRY_THREAD,        "#MF floating point") \
    VECTOR(17, alignment_check,      1, ENTRY_THREAD,        "#AC alignment check") \
    VECTOR(18, machine_check,        0, ENTRY_MACHINE_CHECK, "#MC machine check") \
    VECTOR(19, simd,                 0, ENTRY_THREAD,        "#XM SIMD floating point") \
    VECTOR(20, virtualization,       0, ENTRY_THREAD,        "#VE virtualization") \
    VECTOR(21, control_protection,   1, ENTRY_THREAD,        "#CP control protection") \
    VECTOR(22, reserved_22,          0, ENTRY_THREAD,        "reserved 22") \
    VECTOR(23, reserved_23,          0, ENTRY_THREAD,        "reserved 23") \
    VECTOR(24, reserved_24,          0, ENTRY_THREAD,        "reserved 24") \
    VECTOR(25, reserved_25,          0, ENTRY_THREAD,        "reserved 25") \
    VECTOR(26, reserved_26,          0, ENTRY_THREAD,        "reserved 26") \
    VECTOR(27, reserved_27,          0, ENTRY_THREAD,        "reserved 27") \
    VECTOR(28, hypervisor_injection, 0, ENTRY_THREAD,        "#HV hypervisor injection") \
    VECTOR(29, vmm_communication,    1, ENTRY_THREAD,        "#VC VMM communication") \
    VECTOR(30, security,             1, ENTRY_THREAD,        "#SX security") \
    VECTOR(31, reserved_31,          0, ENTRY_THREAD,        "reserved 31")
/* clang-format on */
