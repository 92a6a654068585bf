"""User address spaces, memory objects and user copy (I6 to I8)."""

from runner.mutant import Mutant

FRAME_QUOTA = "mm/space/frame_quota.c"
MEMORY_CALLS = "kernel/syscall/memory_calls.c"
MEMORY_OBJECT = "mm/space/memory_object.c"
MEMORY_OBJECT_PAGES = "mm/space/memory_object_pages.h"
PAGING = "arch/x86_64/paging/paging.c"
SPACE_CHANGE = "mm/space/space_change.c"
USER_FAULT_TRY = "mm/space/user_fault_try.c"
USER_COPY = "arch/x86_64/entry/user_copy.c"
USER_SHOOTDOWN = "arch/x86_64/apic/user_shootdown.c"

MUTANTS = (
    # I6: user memory leaves by the rule that stacks obey.
    Mutant("user-unmap-without-shootdown", "I6", "ASP0104", "space_read", edits=((SPACE_CHANGE,
        "    if (reduction->changed != 0) {", "    if (reduction->changed == SIZE_MAX) {"),)),
    Mutant("user-round-on-one-cpu", "I6", "ASP0005", "reader.last", cpus=2,
           edits=((USER_SHOOTDOWN, "    if (targets != 0) {", "    if (targets == UINT64_MAX) {"),)),
    Mutant("shared-page-replaced-while-mapped", "I6", "MOB0001", "space_write",
           edits=((MEMORY_OBJECT, """\
    while (region_page_reduce_one(object, index, PAGE_PRESENT)) {
        spin_lock(&object->lock);
    }
""", ""),)),
    # I7: no frame is lost, and none brings what another task left in it.
    Mutant("user-page-not-zeroed", "I7", "ASP0102", "space_read",
           edits=((FRAME_QUOTA, "        frame_zero(*frame);\n",
                   "        if (owner != FRAME_OWNER_USER) {\n            frame_zero(*frame);\n        }\n"),)),
    Mutant("regions-not-charged", "I7", "ASP0112", r"error is 0",
           edits=((FRAME_QUOTA, "size_t more = frames_of(before + bytes) - frames_of(before);",
                   "size_t more = 0;"),)),
    Mutant("quota-not-charged", "I7", "MOB0005", "space_write|clone", edits=((FRAME_QUOTA,
        "frames > quota->limit - used - keep) {", "frames > quota->limit) {"),)),
    Mutant("clone-shares-what-can-be-written", "I7", "MOB0001", "frames is 0", edits=((MEMORY_OBJECT_PAGES,
        "page->needs_copy = writes && shared;",
        "page->needs_copy = false;"), (MEMORY_OBJECT_PAGES,
        "page->may_be_written = !object->cloning && !shared;",
        "page->may_be_written = shared || true;"))),
    Mutant("stack-pages-not-charged", "I7", "TSK0012", "pages are charged", edits=((
        "kernel/task/user_thread.c", "    while (pages > charged) {", "    while (false && pages > charged) {"),)),
    Mutant("frames-elsewhere-not-for-user-faults", "I7", "FRM0011", "late does not hold", cpus=2,
           edits=((USER_FAULT_TRY, "    if (unlikely(error == ERROR_NO_MEMORY) && frame_collect_if_short()) {",
                   "    if (unlikely(error == ERROR_NO_MEMORY) && false) {"),)),
    Mutant("frames-elsewhere-not-committed", "I7", "FRM0010", "late does not hold", cpus=2,
           edits=((MEMORY_OBJECT, "        if (unlikely(error == ERROR_NO_MEMORY) && frame_collect_if_short()) {",
                   "        if (unlikely(error == ERROR_NO_MEMORY) && false) {"),)),
    # I8: user memory is touched by user copy alone, within user mode's addresses.
    Mutant("user-range-not-checked", "I8", "UCP0001", "page fault|ERROR_FAULT|user_copy",
           edits=((USER_COPY,
        "return address >= USER_BASE && address <= USER_END && bytes <= USER_END - address;",
        "return address <= USER_END || bytes == 0;"),)),
    Mutant("any-address-is-a-user-fault", "I8", "UCP0005", "user_copy_faulted", edits=((USER_COPY,
        "return frame->address - user < site->step && user_range_is_valid(frame->address, 1);",
        "return user != 0 && user_range_is_valid(frame->address, 1);"),)),
    Mutant("region-gets-rights-its-handle-lacks", "I8", "SYS0053", "protect", edits=((SPACE_CHANGE,
        "    return (rights & ~most) == 0 ? OK : ERROR_NO_RIGHT;",
        "    return (rights & ~most) == 0 || most != 0 ? OK : ERROR_NO_RIGHT;"),)),
    Mutant("physical-memory-may-be-ram", "I8", "SYS0052", "script_call", edits=((MEMORY_CALLS,
        "    if (mmio_is_ram(base, bytes) || mmio_is_mapped(base, bytes)) {",
        "    if (mmio_is_mapped(base, bytes)) {"),)),
    Mutant("unmap-keeps-the-translation", "I6", "PAG0010", "seen is", edits=((PAGING, """\
            *paging_leaf(address + done) = 0;
            tlb_forget_page(address + done);
""", "            *paging_leaf(address + done) = 0;\n"),)),
    Mutant("walk-of-any-address", "I5", "PAG0008", "paging_is_present", edits=((PAGING,
        "    if ((uint64_t)((int64_t)(address << 16) >> 16) != address) {", "    if (address == 1) {"),)),
    Mutant("rights-map-an-absent-page", "I8", "PAG0009", "paging_protect", edits=((PAGING,
        "    if (!(*leaf & PAGE_PRESENT)) {", "    if (false && !(*leaf & PAGE_PRESENT)) {"),)),
    Mutant("both-rights-by-a-change", "I8", "PAG0009", "paging_protect", edits=((PAGING,
        "    if (is_writable_and_executable(flags)) {",
        "    if (false && is_writable_and_executable(flags)) {"),)),
    Mutant("old-right-stays-in-the-tables", "I8", "ASP0105", "entry_allows", edits=((SPACE_CHANGE,
        "        clear |= PAGE_WRITABLE | PAGE_DIRTY;\n", ""),)),
)
