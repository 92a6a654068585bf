/* Fault handlers of stack=prefault, on the page-fault entry stack: see stack_prefault.h. */
#include "mm/stack_modes/stack_prefault.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/entry.h"
#include "mm/stack/stack_fault.h"
#include "mm/stack/stack_mode.h"

static enum stack_prefault_mode mode_chosen;
static struct stack_prefault_missing missing[STACK_PREFAULT_KEPT];
static uint32_t missing_count, missing_logged;

void stack_prefault_mode_set(enum stack_prefault_mode mode)
{
    mode_chosen = mode;
}

enum stack_prefault_mode stack_prefault_mode(void)
{
    return mode_chosen;
}

void stack_prefault_reach(size_t bytes)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uint32_t slot;
    if (stack_mode_get() != STACK_MODE_PREFAULT || !stack_slot_find(here, &slot)) {
        return;
    }
    uintptr_t floor = stack_floor(slot), end = here - bytes > floor ? here - bytes : floor;
    for (uintptr_t at = here; at > end; at -= PAGE_BYTES) {
        (void)*(const volatile uint8_t *)at;
    }
    (void)*(const volatile uint8_t *)end;
}

uint32_t stack_prefault_missing_count(void)
{
    return __atomic_load_n(&missing_count, __ATOMIC_ACQUIRE);
}

const struct stack_prefault_missing *stack_prefault_missing_read(uint32_t number)
{
    return number < stack_prefault_missing_count() && number < STACK_PREFAULT_KEPT
               ? &missing[number]
               : NULL;
}

void stack_prefault_missing_forget(void)
{
    __atomic_store_n(&missing_logged, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&missing_count, 0, __ATOMIC_RELEASE);
}

void stack_prefault_missing_log(void)
{
    uint32_t count = stack_prefault_missing_count();
    while (missing_logged < count) {
        const struct stack_prefault_missing *one = stack_prefault_missing_read(missing_logged++);
        if (one == NULL) {
            continue;
        }
        log_error("missing site: a stack fault at %p with %s off; somewhere above, a section is "
                  "entered without its pages",
                  (void *)one->address,
                  !one->interrupts_off  ? "preemption"
                  : one->preemption_off ? "interrupts and preemption"
                                        : "interrupts");
        backtrace_log(&one->trace);
    }
}

/* Records a fault in a section whose code did not back its stack in advance. */
static never_inline void missing_note(const struct trap_frame *frame, uintptr_t address)
{
    uint32_t number = __atomic_load_n(&missing_count, __ATOMIC_ACQUIRE);
    if (number < STACK_PREFAULT_KEPT) {
        struct stack_prefault_missing *one = &missing[number];
        one->address = address;
        one->interrupts_off = !(frame->rflags & FLAGS_INTERRUPT);
        one->preemption_off = this_cpu(preempt_count) != 0;
        backtrace_from_frame(&one->trace, frame);
    }
    __atomic_add_fetch(&missing_count, 1, __ATOMIC_RELEASE);
}

static bool hole_is_ours(uint64_t entry)
{
    return entry == this_cpu(stack_use).current_hole || entry == this_cpu(stack_use).next_hole;
}

/*
 * Notes a fault on a hole in a section; skips a touch of a patch site that reached below the stack.
 * Passes everything else to `otherwise`, the handler of the ordinary stack fault.
 */
static always_inline struct trap_frame *
fault_serve(struct trap_frame *frame, uintptr_t address,
            struct trap_frame *(*otherwise)(struct trap_frame *frame))
{
    if ((frame->error & PAGE_FAULT_USER) || !stack_leaf_exists(address)) {
        return otherwise(frame);
    }
    uint64_t entry = *paging_leaf(address);
    if (hole_is_ours(entry)) {
        if (!(frame->rflags & FLAGS_INTERRUPT) || this_cpu(preempt_count) != 0) {
            missing_note(frame, address);
        }
        return otherwise(frame);
    }
    unsigned bytes;
    uint32_t slot = stack_entry_slot(this_cpu(stack_use).current_hole);
    if (!(entry & PAGE_PRESENT) && address < stack_floor(slot) && address >= stack_guard(slot) &&
        site_touch_at(frame->rip, &bytes)) {
        stack_hole_fill(stack_floor(slot));
        frame->rip += bytes;
        return NULL;
    }
    return otherwise(frame);
}

struct trap_frame *stack_prefault_fault(struct trap_frame *frame)
{
    return fault_serve(frame, cr2_read(), stack_fault);
}

struct trap_frame *stack_prefault_fault_fred(struct trap_frame *frame)
{
    return fault_serve(frame, frame->address, stack_fault_fred);
}

bool stack_prefault_fill(struct trap_frame *frame, uintptr_t address, size_t bytes)
{
    if (!stack_fill(frame, address, bytes)) {
        return false;
    }
    stack_hole_fill(address - ENTRY_CONTINUE_BYTES);
    return true;
}

bool stack_prefault_ready(uintptr_t stack_pointer)
{
    uintptr_t low = stack_pointer - SITE_TOUCH_BYTES;
    uint32_t slot;
    if (!stack_slot_find(stack_pointer, &slot) || !stack_leaf_exists(stack_pointer)) {
        return true;
    }
    low = low < stack_floor(slot) && stack_pointer >= stack_floor(slot) ? stack_floor(slot) : low;
    return *paging_leaf(low) & PAGE_PRESENT;
}
