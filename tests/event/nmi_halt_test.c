/* An NMI between the STI and the HLT of a CPU that waits for an interrupt. */
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/vectors.h"
#include "kernel/nmi.h"
#include "tests/test.h"

static const uint8_t halt_code[] = {0xfb, 0xf4, 0x90}; /* STI; HLT; NOP: read, never run */

static bool nothing_to_do(struct trap_frame *frame maybe_unused)
{
    return true;
}

/* Returns by how much the handler of an NMI moves `rip`. */
static uintptr_t moved(uintptr_t rip, uint64_t cs)
{
    struct trap_frame frame = {.vector = VECTOR_NMI, .rip = rip, .cs = cs};
    nmi_observer old = nmi_observer_set(nothing_to_do);
    test_check(entry_nmi(&frame) == NULL);
    nmi_observer_set(old);
    return frame.rip - rip;
}

/* The address of the HLT in the kernel's text that the idle thread executes. */
static uintptr_t idle_halt(void)
{
    extern const uint8_t __text_start[], __text_end[];
    for (const uint8_t *at = __text_start; at + 1 < __text_end; at++) {
        if (at[0] == halt_code[0] && at[1] == halt_code[1]) {
            return (uintptr_t)at + 1;
        }
    }
    return 0;
}

TEST(NMI0006, "an NMI between STI and HLT returns behind the HLT, and no other does", ALWAYS)
{
    uintptr_t halt = idle_halt();

    test_check(halt != 0);
    test_equal(moved(halt, 8), 1);
    test_equal(moved(halt - 1, 8), 0);
    test_equal(moved(halt + 1, 8), 0);
    test_equal(moved((uintptr_t)&halt_code[1], 8), 0); /* no text */
    test_equal(moved(halt, 0x23), 0);                  /* user mode's addresses are its own */
    test_equal(moved(1, 8), 0);
}
