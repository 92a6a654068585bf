/* Addresses of devices that cannot be: firmware and loader may name any 64-bit number. */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/page_attributes.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/paging/paging.h"
#include "kernel/console/framebuffer.h"
#include "lib/error.h"
#include "tests/support/on_each_cpu.h"
#include "tests/test.h"

TEST(DEV0001, "no device is mapped at an address that the CPU does not have", ALWAYS)
{
    physical_t end = 1UL << cpu_physical_bits();

    test_check(cpu_physical_bits() >= 36 && cpu_physical_bits() <= 52);
    test_check(mmio_map(end, 1) == NULL);
    test_check(mmio_map(end - PAGE_BYTES, 2 * PAGE_BYTES) == NULL);
    test_check(mmio_map(0xffff800000000000, PAGE_BYTES) == NULL);
    test_check(mmio_map(UINT64_MAX, 1) == NULL);
    test_check(mmio_map(0xfec00000, UINT64_MAX) == NULL);
}

TEST(DEV0002, "no device is mapped where there is RAM, and none at address 0", ALWAYS)
{
    static uint32_t word = 0x12345678;

    test_check(mmio_map(virtual_to_physical(&word), 4) == NULL);
    test_check(mmio_map(0, 0x20) == NULL);
    test_check(mmio_map(0x9f000, PAGE_BYTES) == NULL);
    test_check(mmio_map(KERNEL_PHYSICAL - 4, 8) == NULL); /* it ends in the kernel's image */
    test_equal(word, 0x12345678);
}

TEST(DEV0003, "a framebuffer at an address that cannot be is no screen, and the machine goes on",
     ALWAYS)
{
    static const struct framebuffer_info wrong = {
        .kind = FRAMEBUFFER_PIXELS,
        .address = 0xffff800000000000,
        .pitch_bytes = 4096,
        .width = 1024,
        .height = 768,
        .bits_per_pixel = 32,
        .red = {16, 8},
        .green = {8, 8},
        .blue = {0, 8},
    };
    static struct screen screen;

    test_check(framebuffer_init(&screen, &wrong) != OK);
}

static uint32_t combining;

static void combine_count(unsigned cpu maybe_unused)
{
    __atomic_add_fetch(&combining, page_attributes_combine() ? 1 : 0, __ATOMIC_RELAXED);
}

TEST(DEV0004, "stores to a framebuffer are combined on every CPU, and device registers uncached",
     ALWAYS)
{
    uintptr_t combined = (uintptr_t)mmio_map_combining(0xa0000, PAGE_BYTES);
    uintptr_t uncached = (uintptr_t)mmio_map(0xa0000, PAGE_BYTES);

    combining = 0;
    test_on_each_cpu(combine_count);
    test_equal(combining, cpu_online_count());
    test_check(combined != 0 && uncached != 0);
    test_equal(*paging_leaf(combined) & PAGE_UNCACHED, PAGE_COMBINING);
    test_equal(*paging_leaf(uncached) & PAGE_UNCACHED, PAGE_UNCACHED);
}
