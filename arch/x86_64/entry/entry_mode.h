/* How events enter the kernel: by the IDT or by FRED. fred_start() chooses at boot. */
#pragma once

#include "lib/compiler.h"

enum entry_mode {
    ENTRY_MODE_BEST, /* FRED if the CPU has it, else the IDT */
    ENTRY_MODE_IDT,
    ENTRY_MODE_FRED,
};

#define MSR_FRED_RSP0 0x1cc /* to 0x1cf: the stack pointers of levels 0 to 3 */

/* Where events of ring 3 enter by FRED, SYSCALL included (fred_entry.asm). */
extern const char fred_entry_user[];

extern bool entry_mode_fred; /* written by entry_mode_note() only */

/* Returns true if events enter by FRED. Constant after fred_start(). Context: ANY. */
static always_inline bool fred_is_active(void)
{
    return entry_mode_fred;
}

/* Notes whether events enter by FRED. For fred.c. Context: boot, on CPU 0, once. */
void entry_mode_note(bool fred);
