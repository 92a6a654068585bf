/*
 * Each 8259 gets four initialisation words, then its mask. A masked 8259 can still raise line 7 (or
 * 15) spuriously. Such an interrupt arrives at VECTOR_LEGACY + 7 (or 15), which has no handler. The
 * 8259 needs no end of interrupt for it, because a spurious interrupt sets no in-service bit.
 * Source: Intel 8259A data sheet, "Initialization Command Words".
 */
#include "arch/x86_64/apic/pic.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/vectors.h"

#define MASTER_COMMAND 0x20
#define MASTER_DATA    0x21
#define SLAVE_COMMAND  0xa0
#define SLAVE_DATA     0xa1

#define ICW1_INIT_WITH_ICW4 0x11
#define ICW4_8086           0x01
#define CASCADE_LINE        2

void pic_disable(void)
{
    outb(MASTER_COMMAND, ICW1_INIT_WITH_ICW4);
    outb(SLAVE_COMMAND, ICW1_INIT_WITH_ICW4);
    outb(MASTER_DATA, VECTOR_LEGACY);
    outb(SLAVE_DATA, VECTOR_LEGACY + 8);
    outb(MASTER_DATA, 1 << CASCADE_LINE);
    outb(SLAVE_DATA, CASCADE_LINE);
    outb(MASTER_DATA, ICW4_8086);
    outb(SLAVE_DATA, ICW4_8086);
    outb(MASTER_DATA, 0xff);
    outb(SLAVE_DATA, 0xff);
}
