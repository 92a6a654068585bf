/* See bare_tables.h. */
#include "tests/space/bare_tables.h"

#include "arch/x86_64/apic/user_shootdown.h"
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/user_copy.h"
#include "lib/error.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "tests/test.h"

size_t user_copy_from_user(void *to, const void *from, size_t bytes);
size_t user_copy_to_user(void *to, const void *from, size_t bytes);

bool bare_frame(uint8_t byte, physical_t *frame)
{
    int error = frame_allocate(FRAME_OWNER_TEST, frame);
    test_equal(error, OK);
    if (error == OK) {
        memset(physical_to_virtual(*frame), byte, PAGE_BYTES);
    }
    return error == OK;
}

bool bare_tables_create(struct user_tables *tables)
{
    physical_t root;
    if (!bare_frame(0, &root)) {
        return false;
    }
    user_tables_init(tables, root);
    return true;
}

void bare_tables_destroy(struct user_tables *tables)
{
    user_tables_evict(tables);
    test_equal(tables->tables, 0);
    test_equal(tables->cpus, 0);
    frame_free(tables->root, FRAME_OWNER_TEST);
}

int bare_enter(struct user_tables *tables, uintptr_t address, uint64_t entry,
               struct user_table_supply *supply)
{
    preempt_disable();
    int error = user_tables_enter(tables, address, entry, supply);
    preempt_enable();
    return error;
}

unsigned bare_map(struct user_tables *tables, uintptr_t address, physical_t frame, uint64_t rights)
{
    struct user_table_supply supply = {.count = 0};
    int error = bare_enter(tables, address, frame | rights, &supply);
    unsigned wanted = error == ERROR_AGAIN ? supply.wanted : 0;
    while (supply.count < wanted && bare_frame(0, &supply.frames[supply.count])) {
        supply.count++;
    }
    if (wanted != 0) {
        error = bare_enter(tables, address, frame | rights, &supply);
    }
    test_equal(error, OK);
    test_equal(supply.count, 0);
    return wanted;
}

unsigned bare_unmap(struct user_tables *tables, uintptr_t address, size_t bytes)
{
    uintptr_t end = address + bytes;
    unsigned freed = 0;
    bool more = true;
    while (more) {
        struct user_table_refuse refuse;
        size_t changed = 0;
        uintptr_t from = address;
        more = user_tables_reduce(tables, &address, end, PAGE_PRESENT, 0, &refuse, &changed);
        user_shootdown(tables, from, refuse.count != 0 ? SIZE_MAX : address - from);
        for (unsigned i = 0; i < refuse.count; i++) {
            frame_free(refuse.frames[i], FRAME_OWNER_TEST);
        }
        freed += refuse.count;
    }
    return freed;
}

void bare_load(struct user_tables *tables)
{
    uint64_t flags = interrupts_save();
    user_tables_load(tables);
    interrupts_restore(flags);
}

int bare_read(uintptr_t address)
{
    uint8_t byte;
    return user_copy_from_user(&byte, (const void *)address, 1) == 0 ? byte : -1;
}

bool bare_write(uintptr_t address, uint8_t byte)
{
    return user_copy_to_user((void *)address, &byte, 1) == 0;
}

static bool (*case_before)(struct trap_frame *);
static unsigned faults;

static bool fault_refuse(struct trap_frame *frame)
{
    if (!user_copy_faulted(frame)) {
        return false;
    }
    __atomic_add_fetch(&faults, 1, __ATOMIC_RELAXED);
    user_copy_refuse(frame);
    return true;
}

void bare_faults_take(void)
{
    faults = 0;
    case_before = page_fault_thread_case;
    page_fault_thread_case = fault_refuse;
}

void bare_faults_give(void)
{
    page_fault_thread_case = case_before;
}

unsigned bare_faults(void)
{
    return __atomic_load_n(&faults, __ATOMIC_RELAXED);
}
