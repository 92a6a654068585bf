"""Threads that give their stacks away while they wait in message calls: ipc=handoff."""

from runner.mutant import Mutant

HANDOFF = "sched/stack/handoff.c"
SCHEDULE = "sched/core/schedule.c"

MUTANTS = (
    Mutant("given-stack-is-lost", "I7", "HOF0001", "more pages of stack",
           cmdline="ipc=handoff", edits=((SCHEDULE,
        "    if (given != STACK_SLOT_NONE) {\n        stack_destroy(given);\n    }\n",
        "    (void)given;\n"),)),
    Mutant("stack-comes-back-without-registers", "I5", "HOF0002", "is .*, not",
           cmdline="ipc=handoff",
           edits=((HANDOFF, "    handoff_restore(own, frame);\n", ""),)),
)
