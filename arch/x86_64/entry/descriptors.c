/*
 * The descriptor tables. The IDT is made from the vector list and shared by all CPUs; each CPU has
 * its own GDT and task state.
 */
#include "arch/x86_64/entry/descriptors.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/machine_check.h"
#include "arch/x86_64/cpu/page_attributes.h"
#include "arch/x86_64/entry/asynchronous.h"
#include "lib/compiler.h"

struct idt_entry {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
} packed;

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} packed;

#define GATE_INTERRUPT 0x8e /* present, DPL 0, 64-bit interrupt gate */
#define GATE_OPEN      0xee /* the DPL is 3: ring 3 may go there by INT n */

PER_CPU(struct task_state, cpu_task_state);
PER_CPU(uint64_t[7], cpu_gdt);
static struct idt_entry idt[VECTOR_COUNT] aligned_to(16);

static const uint8_t vector_stack[VECTOR_EXCEPTIONS] = {
#define VECTOR(number, symbol, has_error, stack, name) [number] = stack,
    VECTOR_LIST(VECTOR)
#undef VECTOR
};

static const char *const entry_stack_names[ENTRY_KINDS] = {
    [ENTRY_THREAD] = "thread",
    [ENTRY_PAGE_FAULT] = "page-fault",
    [ENTRY_INTERRUPT] = "interrupt",
    [ENTRY_NMI] = "NMI",
    [ENTRY_MACHINE_CHECK] = "machine-check",
    [ENTRY_DEBUG] = "debug",
    [ENTRY_DOUBLE_FAULT] = "double-fault",
};

const char *entry_stack_name(unsigned kind)
{
    return kind < ENTRY_KINDS ? entry_stack_names[kind] : "unknown";
}

uintptr_t entry_stack_bottom(unsigned cpu, unsigned kind)
{
    return ENTRY_STACK_BASE + cpu * ENTRY_STACK_CPU_STRIDE + kind * ENTRY_STACK_STRIDE;
}

uintptr_t entry_stack_top(unsigned cpu, unsigned kind)
{
    return entry_stack_bottom(cpu, kind) + ENTRY_STACK_BYTES;
}

bool entry_stack_find(uintptr_t address, unsigned *cpu, unsigned *kind)
{
    /* LAB 3 BEGIN entry-stack-find: the CPU and kind of the entry stack that an address lies in */
    uintptr_t offset = address - ENTRY_STACK_BASE;
    if (address < ENTRY_STACK_BASE || offset >= CPU_MAX * ENTRY_STACK_CPU_STRIDE) {
        return false;
    }
    *cpu = (unsigned)(offset / ENTRY_STACK_CPU_STRIDE);
    *kind = (unsigned)(offset % ENTRY_STACK_CPU_STRIDE / ENTRY_STACK_STRIDE);
    return *kind != 0 && *kind < ENTRY_KINDS && offset % ENTRY_STACK_STRIDE <= ENTRY_STACK_BYTES;
    /* LAB 3 END entry-stack-find */
}

bool entry_stack_guard_find(uintptr_t address, unsigned *cpu, unsigned *kind)
{
    /* LAB 3 BEGIN guard-find: the CPU and kind of the entry stack in whose guard an address lies */
    uintptr_t offset = address - ENTRY_STACK_BASE;
    if (address < ENTRY_STACK_BASE || offset >= CPU_MAX * ENTRY_STACK_CPU_STRIDE) {
        return false;
    }
    *cpu = (unsigned)(offset / ENTRY_STACK_CPU_STRIDE);
    *kind = (unsigned)(offset % ENTRY_STACK_CPU_STRIDE / ENTRY_STACK_STRIDE) + 1;
    return *kind < ENTRY_KINDS && offset % ENTRY_STACK_STRIDE >= ENTRY_STACK_BYTES;
    /* LAB 3 END guard-find */
}

static void idt_fill(void)
{
    /* LAB 3 BEGIN idt-fill: a gate for each vector, with its stub and its entry stack */
    for (unsigned vector = 0; vector < VECTOR_COUNT; vector++) {
        uintptr_t stub = entry_stubs[vector];
        uint8_t stack =
            vector < VECTOR_EXCEPTIONS ? vector_stack[vector] : ENTRY_ASYNCHRONOUS(ENTRY_INTERRUPT);
        idt[vector] = (struct idt_entry){
            .offset_low = (uint16_t)stub,
            .selector = SELECTOR_KERNEL_CODE,
            .ist = stack,
            .type = vector_is_open(vector) ? GATE_OPEN : GATE_INTERRUPT,
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
        };
    }
    /* LAB 3 END idt-fill */
}

static void gdt_fill(uint64_t *gdt, const struct task_state *task)
{
    /* LAB 3 BEGIN gdt-fill: the segments of ring 0 and ring 3, and the task state */
    uint64_t base = (uint64_t)task;
    gdt[0] = 0;
    gdt[SELECTOR_KERNEL_CODE / 8] = 0x00af9b000000ffff;
    gdt[SELECTOR_KERNEL_DATA / 8] = 0x00cf93000000ffff;
    gdt[SELECTOR_USER_DATA / 8] = 0x00cff3000000ffff;
    gdt[SELECTOR_USER_CODE / 8] = 0x00affb000000ffff;
    gdt[SELECTOR_TASK / 8] =
        (sizeof(*task) - 1) | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24 & 0xff) << 56;
    gdt[SELECTOR_TASK / 8 + 1] = base >> 32;
    /* LAB 3 END gdt-fill */
}

static void segments_reload(void)
{
    __asm__ volatile("pushq %0\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %1, %%eax\n\t"
                     "movl %%eax, %%ss\n\t"
                     "movl %%eax, %%ds\n\t"
                     "movl %%eax, %%es" ::"i"(SELECTOR_KERNEL_CODE),
                     "i"(SELECTOR_KERNEL_DATA)
                     : "rax", "memory");
}

void descriptors_load(void)
{
    unsigned cpu = cpu_number();
    struct task_state *task = this_cpu_pointer(cpu_task_state);
    uint64_t *gdt = *this_cpu_pointer(cpu_gdt);

    /* LAB 3 BEGIN task-fill: where each entry stack begins; no map of I/O ports */
    task->io_map_offset = sizeof(*task);
    for (unsigned kind = 1; kind < ENTRY_KINDS; kind++) {
        task->ist[kind - 1] = entry_stack_top(cpu, kind);
    }
    /* LAB 3 END task-fill */
    if (cpu == 0) {
        idt_fill();
    }
    gdt_fill(gdt, task);

    struct table_pointer gdt_pointer = {sizeof(cpu_gdt) - 1, (uint64_t)gdt};
    struct table_pointer idt_pointer = {sizeof(idt) - 1, (uint64_t)idt};
    __asm__ volatile("lgdt %0" ::"m"(gdt_pointer));
    segments_reload();
    __asm__ volatile("ltr %w0" ::"r"(SELECTOR_TASK));
    __asm__ volatile("lidt %0" ::"m"(idt_pointer));
    machine_check_enable();
    page_attributes_set();
}
