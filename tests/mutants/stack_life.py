"""How stacks are created in each mode, and how dead ones are kept and freed."""

from runner.mutant import Mutant

BATCH = "mm/stack/stack_batch.c"
CACHE = "mm/stack/stack_cache.c"
CACHE_H = "mm/stack/stack_cache.h"
STACK = "mm/stack/stack.c"

MUTANTS = (
    Mutant("eager-stack-has-one-page", "I4", "STK0013", "stack_pages_backed", modes=("eager",),
           edits=((STACK, "return stack_create_cold(stack_mode_get() == STACK_MODE_EAGER, slot);",
                   "return stack_create_cold(false, slot);"), (STACK, """\
        stack_reap_add(*slot);
        return stack_create_cold(true, slot);
""", """\
        stack_reap_add(*slot);
        return stack_create_cold(false, slot);
"""))),
    Mutant("eager-large-stack-has-holes", "I4", "LRG0001", "stack_pages_backed", modes=("eager",),
           edits=((STACK,
        "return stack_large_create(size, whole || stack_mode_get() == STACK_MODE_EAGER, slot);",
        "return stack_large_create(size, whole, slot);"),)),
    Mutant("cache-holds-one-too-many", "I7", "CAC0002", "stacks . are kept", edits=((CACHE_H,
        "if (cache->count >= stack_cache_room) {", "if (cache->count > stack_cache_room) {"),)),
    Mutant("depot-takes-nothing", "I7", "CAC0013", "were not cached", edits=((CACHE,
        "    if (!stack_depot_put(&chain)) {\n", "    if (true || !stack_depot_put(&chain)) {\n"),)),
    Mutant("depot-is-not-emptied", "I7", "CAC0014", "stack_depot_total is", edits=((CACHE,
        "    stack_batch_drain();\n    (void)stack_depot_drain();\n",
        "    stack_batch_drain();\n"),)),
    Mutant("batch-overfills-the-cache", "I7", "CAC0003", "count is 3", edits=((CACHE,
        "while (cache->count < size && batch->count != 0) {",
        "while (cache->count <= size && batch->count != 0) {"),)),
    Mutant("batch-freed-before-its-grace-period", "I6", "CAC0003", "waiting is", edits=((BATCH,
        "if (own->waiting.count != 0 && grace_over >= own->waiting_for) {",
        "if (own->waiting.count != 0) {"),)),
    Mutant("batch-waits-for-a-grace-period-that-is-over", "I6", "CAC0003", "waiting is",
           edits=((BATCH, "own->waiting_for = grace_begun + 1;",
                   "own->waiting_for = grace_begun;"),)),
    Mutant("grace-period-ends-in-a-section", "I6", "CAC0003", "waiting is", edits=((BATCH,
        "if (grace_begun != grace_over && quiescent) {",
        "if (grace_begun != grace_over && (quiescent || grace_wanted != 0)) {"),)),
    Mutant("grace-period-of-one-cpu", "I6", "CAC0007", "held.released is", cpus=2, edits=((BATCH,
        "cpus_to_pass = cpus_online();",
        "cpus_to_pass = cpus_online() & 1UL << cpu_number();"),)),
    Mutant("batch-without-a-bound", "I3", "CAC0008", "waiting is", edits=((BATCH,
        "bool room = held < held_most()", "bool room = held < held_most() + UINT32_MAX / 2"),)),
    Mutant("batch-is-freed-twice", "I7", "CAC0003", "stray access", edits=((BATCH,
        "stack_chain_join(&released, &own->waiting);", "released = own->waiting;"),)),
    Mutant("batch-keeps-what-others-wait-for", "I3", "CAC0004", "stacks_in_batches", edits=((
        CACHE, "    stack_batch_drain();\n    (void)stack_depot_drain();\n",
        "    (void)stack_depot_drain();\n"),)),
    Mutant("batch-takes-while-others-wait", "I3", "CAC0004", "stacks_in_batches", edits=((CACHE,
        "if (memory_queued() != 0 || stack_is_large(slot)) {",
        "if (stack_is_large(slot)) {"),)),
)
