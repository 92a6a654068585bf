/*
 * The trampoline's pages, its page tables, and the start gate. The code page is never writable and
 * executable at once: it is written through the direct map, then made read-only there, and is
 * executable only at its physical address in the trampoline's own tables, which are cleared when
 * all processors have started. The two low pages stay reserved, so that a processor that comes late
 * still finds code in which it parks.
 */
#include "arch/x86_64/smp/smp_trampoline.h"

#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/paging/paging.h"
#include "lib/error.h"
#include "lib/string.h"

#define TABLE_RIGHTS (PAGE_PRESENT | PAGE_WRITABLE)

extern const char trampoline_begin[], trampoline_end[];
extern const uint16_t trampoline_fixups[], trampoline_fixups_end[];

enum gate_state { GATE_CLOSED, GATE_WAITING, GATE_CLAIMED };

/* The start of the data page. trampoline.asm uses the same offsets. */
struct gate {
    uint32_t state;
    uint32_t apic_id;
    uint32_t page_table;
};

static physical_t low_page; /* 0: none */

/* In the kernel image and so below 4 GiB, because 32-bit code loads CR3 with its address. */
static uint64_t tables[4][PAGE_BYTES / 8] aligned_to(PAGE_BYTES);

static struct gate *gate(void)
{
    return physical_to_virtual(low_page + PAGE_BYTES);
}

void smp_low_pages_set(physical_t pages)
{
    low_page = pages;
}

uint8_t smp_trampoline_page(void)
{
    return (uint8_t)(low_page >> PAGE_SHIFT);
}

static unsigned index_at(physical_t address, unsigned level)
{
    return (unsigned)(address >> (PAGE_SHIFT + 9 * level)) % 512;
}

/* Maps the code page at its physical address, and copies the kernel half of the top level. */
static void tables_build(physical_t kernel_root)
{
    const uint64_t *kernel_top = physical_to_virtual(kernel_root);

    memset(tables, 0, sizeof(tables));
    for (unsigned level = 3; level > 0; level--) {
        tables[3 - level][index_at(low_page, level)] =
            virtual_to_physical(tables[4 - level]) | TABLE_RIGHTS;
    }
    tables[3][index_at(low_page, 0)] = low_page | PAGE_PRESENT; /* read-only, executable */
    memcpy(&tables[0][256], &kernel_top[256], 256 * sizeof(uint64_t));
}

/* Writes the code page and makes it read-only in the direct map, so it can be written only once. */
static must_check int code_write(void)
{
    char *page = physical_to_virtual(low_page);

    memcpy(page, trampoline_begin, (size_t)(trampoline_end - trampoline_begin));
    for (const uint16_t *fixup = trampoline_fixups; fixup < trampoline_fixups_end; fixup++) {
        uint32_t value;
        memcpy(&value, page + *fixup, sizeof(value));
        value += (uint32_t)low_page;
        memcpy(page + *fixup, &value, sizeof(value));
    }
    return paging_protect((uintptr_t)page, PAGE_BYTES,
                          PAGE_KERNEL_DATA & ~(PAGE_WRITABLE | PAGE_DIRTY));
}

int smp_trampoline_install(physical_t kernel_root)
{
    static bool written;

    if (low_page == 0) {
        return ERROR_NOT_FOUND;
    }
    tables_build(kernel_root);
    *gate() =
        (struct gate){.state = GATE_CLOSED, .page_table = (uint32_t)virtual_to_physical(tables[0])};
    int error = written ? OK : code_write();
    written = written || error == OK;
    return error;
}

void smp_trampoline_clear(void)
{
    (void)smp_gate_close();
    memset(tables, 0, sizeof(tables));
}

bool smp_tables_present(void)
{
    for (unsigned i = 0; i < PAGE_BYTES / 8; i++) {
        if (tables[0][i] != 0) {
            return true;
        }
    }
    return false;
}

void smp_gate_open(uint32_t apic_id)
{
    if (low_page != 0) {
        gate()->apic_id = apic_id;
        __atomic_store_n(&gate()->state, GATE_WAITING, __ATOMIC_SEQ_CST);
    }
}

bool smp_gate_close(void)
{
    if (low_page == 0) {
        return true;
    }
    return __atomic_exchange_n(&gate()->state, GATE_CLOSED, __ATOMIC_SEQ_CST) != GATE_CLAIMED;
}

bool smp_gate_is_claimed(void)
{
    return low_page != 0 && __atomic_load_n(&gate()->state, __ATOMIC_SEQ_CST) == GATE_CLAIMED;
}
