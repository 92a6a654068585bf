/* The search of the fix-up table that safe_access.asm fills. The table has a handful of entries. */
#include "arch/x86_64/entry/safe_access.h"

struct fixup {
    uintptr_t faulting;
    uintptr_t resume;
};

extern const struct fixup __fixups_start[], __fixups_end[];

bool safe_access_fix(struct trap_frame *frame)
{
    for (const struct fixup *fixup = __fixups_start; fixup < __fixups_end; fixup++) {
        if (frame->rip == fixup->faulting) {
            frame->rip = fixup->resume;
            return true;
        }
    }
    return false;
}
