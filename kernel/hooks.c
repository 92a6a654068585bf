/*
 * Every hook by which a lower layer calls an upper one. Hooks are wired here and nowhere else
 * (tools/check/check_hooks.py). A hook is a pointer that its header calls "Hook:"; until it is set
 * it does nothing, or what the header says.
 *
 * Observers are pointers of the same kind. They are NULL except while somebody observes. Two users
 * of one observer would disturb each other, so only these set them:
 *
 *   stack_fault_observer  the trace, the demonstration and tests
 *   swapper_step_hook     tests
 */
#include "kernel/hooks.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/apic/shootdown.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/cpu/trace.h"
#include "arch/x86_64/dev/keyboard.h"
#include "arch/x86_64/dev/serial.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "arch/x86_64/paging/paging.h"
#include "arch/x86_64/smp/smp.h"
#include "arch/x86_64/time/timer.h"
#include "kernel/boot_report.h"
#include "kernel/console/console.h"
#include "kernel/console/console_devices.h"
#include "kernel/console/handover_tell.h"
#include "kernel/console/log_ring.h"
#include "kernel/ipc/console_object.h"
#include "kernel/ipc/timer_object.h"
#include "kernel/nmi.h"
#include "kernel/panic.h"
#include "kernel/processors.h"
#include "kernel/task/pager.h"
#include "kernel/task/user_exception.h"
#include "kernel/task/user_thread.h"
#include "kernel/trace/trace.h"
#include "mm/frame/frame.h"
#include "mm/space/kernel_space.h"
#include "mm/stack/stack_fault.h"
#include "mm/stack/stack_pages.h"
#include "mm/stack/stack_reserve.h"
#include "mm/stack/stack_trim.h"
#include "mm/stack_modes/stack_lend.h"
#include "mm/stack_modes/stack_prefault.h"
#include "mm/stack_modes/stack_swap.h"
#include "sched/core/schedule.h"
#include "sched/core/services.h"
#include "sched/core/thread_trace.h"
#include "sched/stack/overflow.h"
#include "sched/stack/stack_services.h"

/* Bound by the linker, because it must work before anything is initialised. */
void log_raw_output(const char *text, size_t bytes)
{
    serial_write_raw(text, bytes);
}

/*
 * The short path serves stack faults before all others. With stack=prefault the functions of
 * stack_prefault.h must see each fault first, to look for missing sites, and with stack=eager no
 * stack has a hole: neither mode uses the short path.
 */
static void page_fault_hooks_wire(enum stack_mode mode)
{
    bool prefault = mode == STACK_MODE_PREFAULT;
    if (mode == STACK_MODE_FAULT || mode == STACK_MODE_LEND) {
        page_fault_short_path = stack_fault_path;
    }
    page_fault_handler = prefault ? stack_prefault_fault : stack_fault;
    fred_page_fault_handler = prefault ? stack_prefault_fault_fred : stack_fault_fred;
    entry_stack_fill = prefault ? stack_prefault_fill : stack_fill;
#ifdef INVARIANT
    entry_return_check = stack_cover_check;
    site_stack_is_whole = stack_is_whole;
    if (prefault) {
        site_stack_is_ready = stack_prefault_ready;
    }
#endif
}

void hooks_wire_early(void)
{
    log_handler = log_handle;
    panic_handler = panic_handle;
    paging_frame_source = kernel_space_table_frame;
}

void hooks_wire(enum stack_mode mode)
{
    exception_handler_set(VECTOR_NMI, nmi_handle);
    page_fault_hooks_wire(mode);
    mmio_is_ram = boot_is_ram;
    interrupt_end = lapic_end_of_interrupt;
    entry_preempt = schedule_while_wanted;
    preempt_reschedule = schedule_late;
    timer_tick = trace_wanted ? trace_tick : timer_object_tick;
    serial_receive = console_serial_received;
    serial_overrun = console_serial_overrun;
    serial_lent_interrupt = console_handover_interrupt;
    console_handover_told = console_object_tell;
    keyboard_receive = console_scan_code_received;
    smp_processor_prepare = processor_prepare;
    smp_processor_start = processor_start;
    frame_free_hook = stack_reserve_add;
    frame_reclaim_hook = stack_standby_frame;
    stack_shootdown_hook = shootdown;
    stack_trim_prepare = mode == STACK_MODE_LEND ? stack_lend_keep : NULL;
    stack_overflow_handler = overflow_handle;
    stack_owner_describe = thread_owner_describe;
    services_work = stack_services_work;
    services_idle = stack_services_idle;
    services_memory_wanted = stack_services_memory_wanted;
    thread_user_load = user_thread_load;
    thread_user_exit = user_thread_exit;
    thread_stack_grew = user_thread_stack_charge;
    user_return_work = user_thread_work;
    user_exception = user_exception_deliver;
    page_fault_thread_case = user_page_fault;
    space_pager_ask = pager_ask;
    space_pager_destroy = pager_free;
}
