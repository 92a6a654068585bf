/*
 * Times pairs of loops whose numbers of instructions differ by a known number. If the counter
 * counts instructions, the ticks differ by exactly this number, each time. Cycles of a real
 * processor, and the time of an emulator's host, do not do that.
 */
#include "kernel/demo/tick_unit.h"

#include "arch/x86_64/cpu/cpu.h"

#define TRIES             8
#define LOOP_INSTRUCTIONS 2

static uint64_t loop_ticks(uint64_t rounds)
{
    uint64_t flags = interrupts_save();
    uint64_t before = tsc_read_ordered();
    __asm__ volatile("1: decq %0\n\tjnz 1b" : "+r"(rounds)::"cc");
    uint64_t ticks = tsc_read_ordered() - before;
    interrupts_restore(flags);
    return ticks;
}

bool ticks_are_instructions(void)
{
    for (uint64_t rounds = 100; rounds < 100 + 37 * TRIES; rounds += 37) {
        uint64_t more = loop_ticks(rounds + 211) - loop_ticks(rounds);
        if (more != 211 * LOOP_INSTRUCTIONS) {
            return false;
        }
    }
    return true;
}
