/* The C side of user copy: checks of ranges, and the search for the fix-up of a fault. */
#include "arch/x86_64/entry/user_copy.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "lib/error.h"

/* The layout is written by USER_ACCESS in user_copy.asm. */
struct user_copy_site {
    uintptr_t instruction;
    uintptr_t fixup;
    uint32_t writes; /* the user address is in RDI; else in RSI */
    uint32_t step;   /* bytes that one step accesses */
};

extern const struct user_copy_site __user_copy_sites_start[], __user_copy_sites_end[];

size_t user_copy_from_user(void *to, const void *from, size_t bytes);
size_t user_copy_to_user(void *to, const void *from, size_t bytes);
size_t user_copy_string(char *to, const char *from, size_t room);

bool user_range_is_valid(uintptr_t address, size_t bytes)
{
    return address >= USER_BASE && address <= USER_END && bytes <= USER_END - address;
}

/* A page fault may sleep, so nothing may be held that forbids it. */
static void context_check(void)
{
    invariant(interrupts_enabled() && this_cpu(preempt_count) == 0);
}

int user_copy_in_part(void *to, uintptr_t from, size_t bytes, size_t *copied)
{
    context_check();
    *copied = 0;
    if (!user_range_is_valid(from, bytes)) {
        return ERROR_FAULT;
    }
    *copied = bytes - user_copy_from_user(to, (const void *)from, bytes);
    return *copied == bytes ? OK : ERROR_FAULT;
}

int user_copy_out_part(uintptr_t to, const void *from, size_t bytes, size_t *copied)
{
    context_check();
    *copied = 0;
    if (!user_range_is_valid(to, bytes)) {
        return ERROR_FAULT;
    }
    *copied = bytes - user_copy_to_user((void *)to, from, bytes);
    return *copied == bytes ? OK : ERROR_FAULT;
}

int user_copy_in(void *to, uintptr_t from, size_t bytes)
{
    size_t copied;
    return user_copy_in_part(to, from, bytes, &copied);
}

int user_copy_out(uintptr_t to, const void *from, size_t bytes)
{
    size_t copied;
    return user_copy_out_part(to, from, bytes, &copied);
}

int user_string_copy_in(char *to, uintptr_t from, size_t room, size_t *length)
{
    context_check();
    *length = 0;
    if (!user_range_is_valid(from, 0)) {
        return ERROR_FAULT;
    }
    /* `room` may reach beyond USER_END although the string ends before it. */
    size_t reach = room < USER_END - from ? room : USER_END - from;
    size_t found = user_copy_string(to, (const char *)from, reach);
    if (found == SIZE_MAX || (found == reach && reach < room)) {
        return ERROR_FAULT;
    }
    *length = found;
    return found < room ? OK : ERROR_TOO_LONG;
}

static const struct user_copy_site *site_find(uintptr_t rip)
{
    for (const struct user_copy_site *site = __user_copy_sites_start; site < __user_copy_sites_end;
         site++) {
        if (site->instruction == rip) {
            return site;
        }
    }
    return NULL;
}

/*
 * Compares the address of the fault with the register that holds the user address. A step of the
 * copy may straddle two pages, so the two may differ by less than a step. A fault on the kernel's
 * side of the copy, by a wild pointer, is a kernel bug and does not count.
 */
bool user_copy_faulted(const struct trap_frame *frame)
{
    const struct user_copy_site *site = trap_frame_from_user(frame) ? NULL : site_find(frame->rip);

    if (site == NULL || ((frame->error & PAGE_FAULT_WRITE) != 0) != (site->writes != 0) ||
        (frame->error & (PAGE_FAULT_FETCH | PAGE_FAULT_RESERVED)) != 0) {
        return false;
    }
    uintptr_t user = site->writes ? frame->rdi : frame->rsi;
    return frame->address - user < site->step && user_range_is_valid(frame->address, 1);
}

void user_copy_refuse(struct trap_frame *frame)
{
    frame->rip = site_find(frame->rip)->fixup;
}
