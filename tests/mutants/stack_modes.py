"""The modes prefault and lend."""

from runner.mutant import Mutant

LEND = "mm/stack_modes/stack_lend.c"
LEND_BATCH = "sched/stack/lend_batch.c"
PATCH_SITE = "arch/x86_64/cpu/patch_site.c"
PREFAULT = "mm/stack_modes/stack_prefault.c"
SEMAPHORE = "sched/sync/semaphore.c"
TRIM = "mm/stack/stack_trim.c"

MUTANTS = (
    Mutant("missing-site-not-told", "I3", "PRE0003", "first is 0",
           modes=("prefault",), edits=((PREFAULT,
        "            missing_note(frame, address);\n", "            (void)missing_note;\n"),)),
    Mutant("lent-page-taken-back-though-touched", "I5", "LND0002",
           "touched 2 pages, and sleeps, has [01]$", modes=("lend-intel",), edits=((LEND, """\
            uint64_t old = *entry & ~PAGE_ACCESSED;
            if (!entry_replace(entry, old, hole)) {
""", """\
            uint64_t old = *entry;
            if (!entry_replace(entry, old, hole)) {
"""),)),
    Mutant("batches-for-touched-pages", "I11", "LND0007", "settled does not hold", cpus=2,
           modes=("lend-amd",), edits=((LEND_BATCH,
        " && stack_lend_untouched(thread->slot);", ";"),)),
    Mutant("unmapped-though-touched", "I5", "LND0004", "cooled is", modes=("lend-amd",),
           edits=((LEND, """\
        uint64_t old = *entry & ~PAGE_ACCESSED;
        physical_t frame = stack_entry_frame(old);
""", """\
        uint64_t old = *entry;
        physical_t frame = stack_entry_frame(old);
"""),)),
    Mutant("lent-pages-freed-without-shootdown", "I6", "LND0003", "shootdowns is 0", modes=("lend-amd",),
           edits=((LEND_BATCH, "        batch_shootdown();\n", "        (void)batch_shootdown;\n"),)),
    Mutant("lent-pages-free-before-the-shootdown", "I6", "LND0003", "lend_unmapping is 0",
           modes=("lend-amd",), edits=((LEND_BATCH, """\
        batch_shootdown();
        freed = batch_free();
""", """\
        freed = batch_free();
        batch_shootdown();
"""),)),
    Mutant("lent-pages-leave-without-a-trace", "I6", "LND0003", "lend_unmapping is 0",
           modes=("lend-amd",),
           edits=((LEND_BATCH, """\
    if (thread != queue->current && thread->state != THREAD_DEAD &&
        stack_lend_unmap_begin(thread->slot) != 0) {
        batch.slots[batch.count++] = thread->slot;
""", """\
    if (thread != queue->current && thread->state != THREAD_DEAD &&
        stack_lend_unmap_begin(thread->slot) != 0) {
        physical_t frames[STACK_PAGES];
        for (unsigned n = stack_lend_unmap_end(thread->slot, frames); n-- > 0;) {
            frame_free(frames[n], FRAME_OWNER_STACK);
        }
        batch.slots[batch.count++] = thread->slot;
"""),)),
    Mutant("unmapping-page-replaced", "I7", "LND0004", "changed is|rounds is", modes=("lend-amd",),
           edits=((LEND, "        if (stack_entry_is(old, STACK_PAGE_LEND_UNMAPPING) &&\n"
                   "            entry_replace(entry, old, stack_entry_frame(old) | LENT_RIGHTS)) {",
                   "        if (old == 0) {"),)),
    Mutant("site-taken-out", "I3", "PRE0005", "missing_count|missing site", modes=("prefault",),
           edits=((SEMAPHORE, """\
void semaphore_up(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save(&semaphore->lock);
""", """\
void semaphore_up(struct semaphore *semaphore)
{
    uint64_t flags = flags_read();
    __asm__ volatile("cli" ::: "memory");
    spin_lock_by(OFF_ALREADY, &semaphore->lock);
"""),)),
    Mutant("site-by-the-wrong-rule", "I3", "PRE0005", "rule 3 of the sites", builds=("invariant",),
           modes=("prefault",), edits=((SEMAPHORE, """\
bool semaphore_try_down(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save(&semaphore->lock);
""", """\
bool semaphore_try_down(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save_by(OFF_ALREADY, &semaphore->lock);
"""),)),
    Mutant("site-claims-that-both-are-on", "I3", "GAT0012", "rule 4 of the sites",
           builds=("invariant",), edits=((SEMAPHORE, """\
void semaphore_up(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save(&semaphore->lock);
""", """\
void semaphore_up(struct semaphore *semaphore)
{
    uint64_t flags = spin_lock_irq_save_by(BOTH_ON, &semaphore->lock);
"""),)),
    Mutant("site-touches-too-little", "I3", "PRE0001", "own_pages.* is 1",
           modes=("prefault",), edits=((
        PATCH_SITE, "static const uint8_t touch[] = TOUCH(0U - SITE_TOUCH_BYTES);",
        "static const uint8_t touch[] = TOUCH(0U - SITE_TOUCH_BYTES / 16);"),)),
    Mutant("moved-frame-has-no-room-below", "I3", "PRE0006", "missing_count|missing site",
           modes=("prefault",), edits=((PREFAULT,
        "    stack_hole_fill(address - ENTRY_CONTINUE_BYTES);\n", ""),)),
    Mutant("lend-leaves-a-hole", "I3", "LND0001", "missing is 1", modes=("lend-intel",),
           edits=((LEND,
        "while (page > 0 && own->capacity > own->taken) {",
        "while (page > 1 && own->capacity > own->taken) {"),)),
    Mutant("lent-page-handed-on-though-touched", "I5", "LND0005", "wrong is",
           modes=("lend-intel",), edits=((LEND,
        "uint64_t old = from[passed] & ~PAGE_ACCESSED;", "uint64_t old = from[passed];"),)),
    Mutant("lend-fill-leaves-a-hole", "I3", "LND0001", "missing is 1", modes=("lend-amd",),
           edits=((LEND, "    while (page > 0) {\n", "    while (page > 1) {\n"),)),
    Mutant("lent-page-freed-by-trim", "I7", "STK0105", "but it belongs to 'magazine'",
           modes=("lend-intel",), edits=((TRIM,
        "            stack_trim_prepare();\n", "            ;\n"),)),
    Mutant("lent-pages-kept-but-not-booked", "I7", "LND0002",
           "but it belongs to 'magazine'", modes=("lend-intel",), edits=((LEND, """\
        frame_owner_change(entries[i] & PAGE_ADDRESS_MASK, FRAME_OWNER_MAGAZINE, FRAME_OWNER_STACK);
""", """\
        (void)entries;
"""),)),
)
