/* Addresses of devices that cannot be: firmware and loader may name any 64-bit number. */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/paging/paging.h"
#include "kernel/console/framebuffer.h"
#include "lib/error.h"
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
