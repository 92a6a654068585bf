/* Constants that stack_fault_path.asm shares with C: stack_offsets.inc. See asm_constants.h. */
#include "arch/x86_64/cpu/asm_constants.h"
#include "arch/x86_64/cpu/layout.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_entry.h"
#include "mm/stack/stack_use.h"

void stack_offsets(void);

void stack_offsets(void)
{
    DEFINE("PAGE_SHIFT", PAGE_SHIFT);
    DEFINE("PAGE_PRESENT", PAGE_PRESENT);
    DEFINE("STACK_PAGES", STACK_PAGES);
    DEFINE("STACK_OBJECT_BASE", STACK_OBJECT_BASE);
    DEFINE("STACK_LEAVES", STACK_LEAVES);
    DEFINE("STACK_USE_CURRENT", offsetof(struct stack_use, current_hole));
    DEFINE("STACK_USE_NEXT", offsetof(struct stack_use, next_hole));
    DEFINE("MAGAZINE_TAKEN", offsetof(struct magazine, taken));
    DEFINE("MAGAZINE_CAPACITY", offsetof(struct magazine, capacity));
    DEFINE("MAGAZINE_FAULTS", offsetof(struct magazine, faults));
    DEFINE("MAGAZINE_ROUNDS", offsetof(struct magazine, rounds));
#ifdef INVARIANT
    DEFINE("INVARIANT_BUILD", 1);
#else
    DEFINE("INVARIANT_BUILD", 0);
#endif
}
