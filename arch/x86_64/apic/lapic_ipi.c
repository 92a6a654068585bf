/*
 * Interrupts from one CPU to another. In xAPIC mode a command takes two writes, the destination and
 * then the command, and interrupts are off from the first to the second. An NMI handler may still
 * send a command of its own in between. So each sender waits for a pending command before it
 * begins, and writes back the destination that it found. Source: SDM volume 3A, 11.6.1 (command
 * register), 11.12.9 and 11.12.11 (x2APIC), 11.12.3 (fences).
 */
#include "arch/x86_64/apic/lapic.h"

#include "arch/x86_64/apic/lapic_registers.h"
#include "lib/error.h"

#define COMMAND_NMI          (4U << 8)
#define COMMAND_INIT         (5U << 8)
#define COMMAND_STARTUP      (6U << 8)
#define COMMAND_PENDING      (1U << 12)
#define COMMAND_ASSERT       (1U << 14)
#define COMMAND_SELF         (1U << 18)
#define COMMAND_ALL_BUT_SELF LAPIC_COMMAND_SHORTHAND

#define XAPIC_ID_ALL  0xffU
#define X2APIC_ID_ALL 0xffffffffU

#define COMMAND_HIGH  (LAPIC_COMMAND + 0x10)
#define PENDING_SPINS 1000000 /* after that the APIC is taken to be broken */

static void wait_until_taken(void)
{
    for (int i = 0; i < PENDING_SPINS && (lapic_read(LAPIC_COMMAND) & COMMAND_PENDING) != 0; i++) {
        cpu_pause();
    }
}

static bool all_are_online;

bool lapic_can_address(uint32_t apic_id)
{
    return apic_id < (lapic_is_x2apic() ? X2APIC_ID_ALL : XAPIC_ID_ALL);
}

void lapic_all_are_online(void)
{
    __atomic_store_n(&all_are_online, true, __ATOMIC_RELEASE);
}

/* Sends a command. Errors: ERROR_RANGE (the id does not address one processor; nothing is sent). */
static int command_send(uint32_t destination, uint32_t command)
{
    if (!lapic_can_address(destination)) {
        return ERROR_RANGE;
    }
    if (lapic_is_x2apic()) {
        /* The write to this MSR is no fence, and the receiver must see all earlier stores. */
        __asm__ volatile("mfence; lfence" ::: "memory");
        msr_write(0x800 + LAPIC_COMMAND / 16, ((uint64_t)destination << 32) | command);
        return OK;
    }
    uint64_t flags = interrupts_save();
    wait_until_taken();
    uint32_t destination_before = lapic_read(COMMAND_HIGH);
    lapic_write(COMMAND_HIGH, destination << 24);
    lapic_write(LAPIC_COMMAND, command);
    wait_until_taken();
    lapic_write(COMMAND_HIGH, destination_before);
    interrupts_restore(flags);
    return OK;
}

void lapic_send(unsigned cpu, unsigned vector)
{
    command_send(lapic_id_of(cpu), COMMAND_ASSERT | vector);
}

void lapic_send_self(unsigned vector)
{
    command_send(0, COMMAND_SELF | COMMAND_ASSERT | vector);
}

/* Sends a command to every online CPU but this one, each by its APIC id. */
static void command_send_to_others(uint32_t command)
{
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        if (cpu != cpu_number()) {
            command_send(lapic_id_of(cpu), command);
        }
    }
}

/*
 * The shorthand reaches every processor of the machine. One that was left out waits for its STARTUP
 * and must not take an interrupt then (SDM 9.4.1); but QEMU 7.2 may wake it and run it from its
 * reset vector, where the firmware resets the machine. So the shorthand is used only if all are
 * online.
 */
void lapic_send_all_but_self(unsigned vector)
{
    if (__atomic_load_n(&all_are_online, __ATOMIC_ACQUIRE)) {
        command_send(0, COMMAND_ALL_BUT_SELF | COMMAND_ASSERT | vector);
    } else {
        command_send_to_others(COMMAND_ASSERT | vector);
    }
}

void lapic_send_nmi(unsigned cpu)
{
    command_send(lapic_id_of(cpu), COMMAND_NMI | COMMAND_ASSERT);
}

/* The shorthand would also reach processors that were left out and have no IDT. */
void lapic_send_nmi_all_but_self(void)
{
    command_send_to_others(COMMAND_NMI | COMMAND_ASSERT);
}

int lapic_send_init(uint32_t apic_id)
{
    return command_send(apic_id, COMMAND_INIT | COMMAND_ASSERT);
}

int lapic_send_startup(uint32_t apic_id, uint8_t page)
{
    return command_send(apic_id, COMMAND_STARTUP | COMMAND_ASSERT | page);
}
