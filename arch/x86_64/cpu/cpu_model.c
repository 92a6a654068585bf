/*
 * Source: SDM volume 2A, CPUID: leaf 0 (vendor), 1 and 11 (APIC id), 7 (SMAP), 0x80000002 to
 * 0x80000004 (brand string), 0x80000008 (width of addresses).
 */
#include "arch/x86_64/cpu/cpu_model.h"

#include "arch/x86_64/cpu/cpu.h"
#include "lib/string.h"

#define CPUID_BRAND            0x80000002U
#define CPUID_BRAND_LAST       0x80000004U
#define CPUID_1_ECX_HYPERVISOR (1U << 31)
#define CPUID_7_EBX_SMAP       (1U << 20)
#define CPUID_TOPOLOGY         11U
#define CPUID_ADDRESS_BITS     0x80000008U
#define ADDRESS_BITS_LEAST     36 /* of a CPU that does not say */
#define ADDRESS_BITS_MOST      52 /* that a page-table entry holds */

/* Appends `count` registers, four characters each, lowest byte first. */
static size_t registers_append(char *name, size_t at, const uint32_t *registers, unsigned count)
{
    for (unsigned i = 0; i < count * 4; i++) {
        name[at++] = (char)(registers[i / 4] >> (i % 4 * 8));
    }
    return at;
}

static void blanks_cut(char name[CPU_MODEL_BYTES])
{
    size_t first = 0, length = 0;
    while (name[first] == ' ') {
        first++;
    }
    for (size_t at = first; name[at] != '\0'; at++) {
        name[at - first] = name[at];
        if (name[at] != ' ') {
            length = at - first + 1;
        }
    }
    name[length] = '\0';
}

void cpu_model_read(char name[CPU_MODEL_BYTES])
{
    size_t at = 0;
    if (cpuid(0x80000000, 0).eax >= CPUID_BRAND_LAST) {
        for (uint32_t leaf = CPUID_BRAND; leaf <= CPUID_BRAND_LAST; leaf++) {
            struct cpuid_result r = cpuid(leaf, 0);
            at = registers_append(name, at, (uint32_t[]){r.eax, r.ebx, r.ecx, r.edx}, 4);
        }
    } else {
        struct cpuid_result r = cpuid(0, 0);
        at = registers_append(name, at, (uint32_t[]){r.ebx, r.edx, r.ecx}, 3);
    }
    name[at] = '\0';
    blanks_cut(name);
}

bool cpu_caches_only_accessed(void)
{
    struct cpuid_result r = cpuid(0, 0);
    return memcmp(&r.ebx, "Genu", 4) == 0 && memcmp(&r.edx, "ineI", 4) == 0 &&
           memcmp(&r.ecx, "ntel", 4) == 0;
}

bool cpu_has_smap(void)
{
    return cpuid(0, 0).eax >= 7 && (cpuid(7, 0).ebx & CPUID_7_EBX_SMAP) != 0;
}

unsigned cpu_physical_bits(void)
{
    if (cpuid(0x80000000, 0).eax < CPUID_ADDRESS_BITS) {
        return ADDRESS_BITS_LEAST;
    }
    unsigned bits = cpuid(CPUID_ADDRESS_BITS, 0).eax & 0xff;
    return bits < ADDRESS_BITS_LEAST  ? ADDRESS_BITS_LEAST
           : bits > ADDRESS_BITS_MOST ? ADDRESS_BITS_MOST
                                      : bits;
}

uint32_t cpu_initial_apic_id(void)
{
    if (cpuid(0, 0).eax >= CPUID_TOPOLOGY) {
        struct cpuid_result topology = cpuid(CPUID_TOPOLOGY, 0);
        if (topology.ebx != 0) {
            return topology.edx;
        }
    }
    return cpuid(1, 0).ebx >> 24;
}

bool cpu_is_emulated(void)
{
    return (cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) != 0;
}
