"""The swapper takes pages from threads that sleep, and gives them back."""

from runner.mutant import Mutant

GATE = "sched/stack/gate.c"
READY = "sched/core/ready.c"
CANDIDATE = "sched/stack/swap_candidate.c"
SWAP = "mm/stack_modes/stack_swap.c"
SWAPPER = "sched/stack/swapper_pass.c"

MUTANTS = (
    Mutant("wake-up-of-a-candidate-lost", "I3", "SWP0011", "was woken at step .*, and sleeps on", edits=((
        READY, "if (from == THREAD_BLOCKED && thread->state == THREAD_SWAP_CANDIDATE) {",
        "if (from == THREAD_SWAP_CANDIDATE) {"),)),
    Mutant("gate-forgets-the-top-page", "I3", "GAT0010", "wrong is", edits=((GATE,
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot);",
        "uint32_t need = stack_missing(from->slot) + stack_missing(to->slot) % STACK_PAGES;"),)),
    Mutant("shrink-above-saved-rsp", "I4", "SWP0001", "stack_pages_backed.* is 0", edits=((CANDIDATE,
        "unsigned pages = (unsigned)((thread->saved_rsp - stack_floor(thread->slot)) / PAGE_BYTES);",
        "unsigned pages =\n"
        "        (unsigned)((thread->saved_rsp - stack_floor(thread->slot)) / PAGE_BYTES) + 1;"),)),
    Mutant("swapped-page-is-a-hole", "I5", "SWP0003", "STACK_PAGE_SWAPPED", edits=((SWAP,
        "page == TOP_PAGE ? STACK_PAGE_SWAPPED : STACK_PAGE_HOLE;", "STACK_PAGE_HOLE;"),)),
    Mutant("pages-taken-without-shootdown", "I6", "SWP0016", "sleeper.shootdowns is 0", edits=((CANDIDATE,
        "stack_shootdown(stack_bottom(lowest), stack_top(highest) - stack_bottom(lowest));",
        ";"),)),
    Mutant("pages-free-before-the-shootdown", "I6", "SWP0016", "sleeper.standby|sleeper.unmapping",
           edits=((SWAPPER, """\
    swap_candidate_batch_shoot(pass->claims);
    step_tell(SWAPPER_SHOT, thread);
    swap_candidate_batch_end(pass->claims);
""", """\
    unsigned claims = pass->claims;
    swap_candidate_batch_end(claims);
    step_tell(SWAPPER_SHOT, thread);
    swap_candidate_batch_shoot(claims);
"""),)),
    Mutant("lent-page-taken", "I6", "SWP0004", "stack_missing.* is 4", edits=((CANDIDATE,
        "return thread->stack_pins == 0 && !is_swapped(thread) &&",
        "return !is_swapped(thread) &&"),)),
    Mutant("swapped-page-stays-mapped", "I6", "SWP0002", "stack_missing.* is 3", edits=((CANDIDATE,
        "        pages = STACK_PAGES;\n", "        pages = STACK_PAGES - 1;\n"),)),
    Mutant("what-is-saved-is-not-poisoned", "I5", "SWP0002", "was written at .* while it was away",
           builds=("invariant",), edits=((SWAP,
        "    memset((void *)from, SAVED_POISON, bytes);\n", ""),)),
    Mutant("reserved-stack-taken", "I4", "LRG0131", "swapper_pass.* is 1", edits=((CANDIDATE,
        "if (thread->stack_reservations != 0 || thread->saved_rsp < stack_floor(thread->slot) ||",
        "if (thread->saved_rsp < stack_floor(thread->slot) ||"),)),
    Mutant("swapper-never-learns", "I4", "SWP0005", "spared", edits=((SWAPPER,
        "unsigned backoff = hysteresis ? thread->shrink_backoff : 0;",
        "unsigned backoff = hysteresis && thread == NULL ? thread->shrink_backoff : 0;"),)),
    Mutant("depth-after-a-shrink-goes-unseen", "I4", "SWP0005", "shrink_backoff", edits=((SWAPPER,
        "    if (deep && soon) {", "    if (!deep && soon) {"),)),
    Mutant("ready-thread-made-a-candidate", "I3", "SWP0010",
           "stray access.* a page of another thread's stack, unmapped while it sleeps",
           edits=((CANDIDATE,
        "if (thread->state != THREAD_BLOCKED || thread == cpu_variable(run_queue, thread->cpu)"
        ".current) {", "if (thread == cpu_variable(run_queue, thread->cpu).current) {"),)),
    Mutant("taken-from-a-thread-on-a-run-queue", "I3", "SWP0010", "stray access", edits=((SWAPPER,
        "        } else if (thread->state == THREAD_SWAP_CANDIDATE) {\n", "        } else {\n"), (SWAPPER,
        "if (thread->state != THREAD_SWAP_CANDIDATE || !take_wanted(pass, thread, &swap)) {",
        "if (!take_wanted(pass, thread, &swap)) {"))),
    Mutant("dispatched-before-it-is-back", "I5", "SWP0003", "a swapped-out page", edits=((CANDIDATE, """\
    if (is_swapped(thread)) {
        stack_swap_in(thread->slot, thread->saved_rsp, thread->stack_saved);
        saved_clear(thread);
    }
""", ""),)),
    Mutant("claim-stands-after-the-wake-up", "I6", "SWP0018", "'thread' was written after it was freed",
           builds=("invariant",), edits=((CANDIDATE, """\
        claims[thread->swap_note.claim - 1].thread = NULL;
""", """\
        (void)claims;
"""),)),
    Mutant("pages-taken-without-the-lock", "I3", "SWP0001", "invariant broken at sched/stack/swap_candidate.c.*locked",
           builds=("invariant",), edits=((SWAPPER, """\
        struct run_queue *queue = schedule_queue_lock(thread);
        if (step == SWAPPER_NOTED) {
            ignore_result(swap_candidate_begin(thread, pass->now_ms));
        } else if (thread->state == THREAD_SWAP_CANDIDATE) {
            thread_consider(pass, thread);
        }
        spin_unlock_quietly(&queue->lock);
""", """\
        struct run_queue *queue = schedule_queue_lock(thread);
        spin_unlock_quietly(&queue->lock);
        if (step == SWAPPER_NOTED) {
            ignore_result(swap_candidate_begin(thread, pass->now_ms));
        } else if (thread->state == THREAD_SWAP_CANDIDATE) {
            thread_consider(pass, thread);
        }
"""),)),
    Mutant("live-bytes-saved-but-the-lowest", "I5", "SWP0017", "swap_there_and_back", edits=((SWAP,
        "    memcpy(*saved, (const void *)from, bytes);\n",
        "    memcpy((char *)*saved + 1, (const char *)from + 1, bytes - 1);\n"),)),
    Mutant("live-bytes-back-but-the-highest", "I5", "SWP0017", "swap_there_and_back", edits=((SWAP,
        "    memcpy(page + PAGE_BYTES - bytes, saved, bytes);\n",
        "    memcpy(page + PAGE_BYTES - bytes, saved, bytes - 1);\n"),)),
    Mutant("all-frames-of-swapped-stacks-for-others", "I3", "SWP0032", "saved is", edits=((SWAP,
        "if (spare_count == SPARES_MAX || !standby_give_up(slot, page, &frame)) {",
        "if (spare_count <= SPARES_MAX || !standby_give_up(slot, page, &frame)) {"),)),
    Mutant("page-back-but-not-booked", "I7", "SWP0002", "frame_owner_of",
           edits=((SWAP, """\
        frame_owner_change(stack_entry_frame(old), FRAME_OWNER_STACK_STANDBY, FRAME_OWNER_STACK);
        __atomic_sub_fetch(&counts.standby_now, 1, __ATOMIC_RELAXED);
""", """\
        __atomic_sub_fetch(&counts.standby_now, 1, __ATOMIC_RELAXED);
"""),)),
)
