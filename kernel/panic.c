/*
 * A panic stops the other CPUs by NMI and writes cause, registers, backtrace, and the state of the
 * stack and the magazines to the serial line and the screen, without any lock. Then the machine
 * halts, restarts or leaves the emulator, as the option panic= says.
 */
#include "kernel/panic.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/dev/reset.h"
#include "arch/x86_64/dev/serial.h"
#include "arch/x86_64/entry/backtrace.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "kernel/console/console.h"
#include "kernel/nmi.h"
#include "kernel/options.h"
#include "lib/format.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_fault.h"
#include "mm/stack/stack_pages.h"
#include "sched/core/thread.h"

static uint32_t panicking; /* CPU number + 1 of the first to panic */

static void put(void *context maybe_unused, const char *text, size_t bytes)
{
    console_emergency_write(text, bytes);
}

static void say(const char *format, ...) printf_like(1, 2);
static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_write(put, NULL, format, arguments);
    va_end(arguments);
}

static void say_line(const char *text)
{
    say("%s\n", text);
}

/* Returns the newest trap frame in the backtrace, or NULL. */
static const struct trap_frame *frame_find(const struct backtrace *trace)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        if (trace->steps[i].event != 0) {
            return (const struct trap_frame *)trace->steps[i].frame;
        }
    }
    return NULL;
}

static void registers_show(const struct backtrace_step *step)
{
    const struct trap_frame *f = (const struct trap_frame *)step->frame;
    say("Registers of the code that %s interrupted (error code 0x%x, frame at %p):\n",
        vector_name(step->event - 1U), f->error, (void *)f);
    say("  rip %016lx  rsp %016lx  rflags %08lx  cs %02lx  cr2 %016lx\n", f->rip, f->rsp, f->rflags,
        f->cs & 0xffff, cr2_read());
    if (step->partial) {
        say("  the other registers were not saved when the next event came\n");
        return;
    }
    say("  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
    say("  rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
    say("  r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
    say("  r13 %016lx  r14 %016lx  r15 %016lx\n", f->r13, f->r14, f->r15);
}

/*
 * Shows the registers of every event in the backtrace, newest first: an event may have interrupted
 * another.
 */
static void frames_show(const struct backtrace *trace)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        if (trace->steps[i].event != 0) {
            registers_show(&trace->steps[i]);
        }
    }
}

static void stack_pointer_show(uintptr_t rsp)
{
    unsigned cpu, kind;
    uint32_t slot;
    if (entry_stack_find(rsp, &cpu, &kind)) {
        say("Stack pointer %p: %s entry stack of CPU %u [%p, %p)\n", (void *)rsp,
            entry_stack_name(kind), cpu, (void *)entry_stack_bottom(cpu, kind),
            (void *)entry_stack_top(cpu, kind));
    } else if (stack_slot_find(rsp, &slot) && stack_leaf_exists(rsp)) {
        say("Stack pointer %p: slot %u [%p, %p), %u of %lu pages backed\n", (void *)rsp, slot,
            (void *)stack_bottom(slot), (void *)stack_top(slot), stack_pages_backed(slot),
            stack_bytes_of(slot) / PAGE_BYTES);
    } else {
        say("Stack pointer %p: on no stack of a thread\n", (void *)rsp);
    }
}

static void state_show(uintptr_t rsp)
{
    const struct thread *thread = thread_current();
    say("CPU %u, %s %s (id %u, slot %u), preemption off %u times\n", cpu_number(),
        thread != NULL ? "thread" : "before the first thread", thread != NULL ? thread->name : "",
        thread != NULL ? thread->id : 0, thread != NULL ? thread->slot : 0,
        this_cpu(preempt_count));
    stack_pointer_show(rsp);
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct magazine *m = &cpu_variable(magazine, cpu);
        say("CPU %u magazine: %u of %u rounds, low water %u, stack faults %lu/%lu/%lu, refills %lu "
            "(%lu failed); stacks in use: slots %u and %u\n",
            cpu, m->capacity - m->taken, m->capacity, m->low_water, m->faults[1], m->faults[2],
            m->faults[3], m->refills, m->refill_failures,
            stack_entry_slot(cpu_variable(stack_use, cpu).current_hole),
            stack_entry_slot(cpu_variable(stack_use, cpu).next_hole));
    }
}

/* Shows the last refills of this CPU's magazine, if it is not full. */
static void magazine_history_show(void)
{
    const struct magazine *own = this_cpu_pointer(magazine);
    uint32_t kept = own->events < MAGAZINE_HISTORY ? own->events : MAGAZINE_HISTORY;
    if (own->taken == 0 || kept == 0) {
        return;
    }
    say("This CPU's magazine lately, newest first (%u refills asked for):\n", own->events);
    for (uint32_t i = 1; i <= kept; i++) {
        const struct magazine_event *event = &own->history[(own->events - i) % MAGAZINE_HISTORY];
        say("  at TSC %lu, stack of slot %u: %u rounds, %u more needed, %u after\n", event->tsc,
            event->slot, event->before, event->more, event->after);
    }
}

static noreturn_function void panic_end(void)
{
    serial_drain();
    if (options.panic == PANIC_EXIT) {
        machine_exit(EXIT_PANIC);
    }
    if (options.panic == PANIC_REBOOT) {
        machine_reboot();
    }
    say("The machine is halted.\n");
    cpu_halt_forever();
}

void panic_handle(const char *format, va_list arguments)
{
    uint32_t nobody = 0, self = cpu_number() + 1;
    interrupts_disable();
    if (!__atomic_compare_exchange_n(&panicking, &nobody, self, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        if (nobody == self) { /* a bug in this file or in what it calls: print nothing more */
            log_raw("\nPANIC inside the panic; giving up.\n");
            panic_end();
        }
        cpu_halt_forever(); /* another CPU prints its panic */
    }
    console_emergency_begin();
    nmi_stop_other_cpus();
    console_emergency_flush();
    serial_terminal_reset(); /* the panic may have come in the middle of a coloured text */

    static struct backtrace trace; /* static: the stack may be the problem */
    backtrace_from(&trace, 0, (uintptr_t)__builtin_frame_address(0));
    const struct trap_frame *frame = frame_find(&trace);

    say("\nPANIC: ");
    format_write(put, NULL, format, arguments);
    say("\n");
    frames_show(&trace);
    say("Backtrace, newest first:\n");
    backtrace_lines(&trace, say_line);
    magazine_history_show();
    state_show(frame != NULL ? frame->rsp : (uintptr_t)__builtin_frame_address(0));
    panic_end();
}
