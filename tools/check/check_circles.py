#!/usr/bin/env python3
"""Checks that modules form no circle but those that CIRCLES names, each with its reason.

A module is NAME.c with NAME.h and NAME_internal.h. It uses another module if one of its files
includes one of the other's. Modules of a circle use each other, directly or by others: none of them
can be understood, or tested, without all of them. Circles between headers and between rooms are
the subject of check_layers.py.
"""

import os

import check_layers
import tree

# Each circle: the folders of its modules with their names, and the reason.
CIRCLES = {
    "arch/x86_64/cpu: cpu off_time panic patch_site percpu preempt":
        "cpu.h turns interrupts off and on. There lie the patch sites (patch_site.h) and the places"
        " where the latency build reads its clock (off_time.h), and both need instructions of cpu.h."
        " All of it is inline, in nearly every file",
    "mm/frame: frame frame_collect frame_free_list":
        "frame_free_list.h is the fast part of the allocator, for its files only; frame.h is the"
        " interface of the whole; an allocation that finds nothing empties the lists of other CPUs"
        " (frame_collect.c)",
    "mm/stack: stack_batch stack_cache":
        "a stack for which the cache has no room goes into a batch, and a batch whose grace period is"
        " over fills the caches first",
    "mm/space: address_space memory_object memory_object_pages region space_change":
        "a region joins an address space and a memory object: the space finds the object by it, and an"
        " object that gives up a page finds the mappings of that page by it",
    "sched/core: balance direct_switch dispatch run_queue schedule services switch thread"
    " thread_list thread_object timeout wait_queue;"
    " sched/stack: gate gate_test_hooks handoff swap_candidate":
        "the dispatcher. A thread that waits, times out or exits calls it, and it moves threads between"
        " these lists. It asks the gate before each switch, a wake-up undoes what the swapper began, and a thread that"
        " waits in a message call may give its stack away in a switch",
    "sched/sync: mutex mutex_donation mutex_order":
        "mutex_order.c has the checks of the invariant build for mutex.c, mutex_donation.c the"
        " priorities that its holder inherits",
    "kernel/task: abandoned task task_circle task_handler user_thread user_thread_stop":
        "a task ends its threads, and the last of its threads ends the task; a thread asks the handler of its"
        " task, which a task gives up at its end; a thread that nobody can start, and a circle of tasks that"
        " nobody can reach, are looked for when a handle is closed, and then ended",
}


def module(name):
    """Returns the module of a file: its path without the suffix."""
    stem = os.path.splitext(name)[0]
    return stem.removesuffix("_internal")


def uses(graph):
    """Returns {module: modules whose files it includes}, from {file: files that it includes}."""
    result = {}
    for name, targets in graph.items():
        mine = result.setdefault(module(name), set())
        mine.update(module(target) for target in targets)
        mine.discard(module(name))
    return result


def reachable(start, arrows):
    """Returns the modules that a module uses, directly or by others."""
    found, todo = set(), [start]
    while todo:
        for target in arrows.get(todo.pop(), ()):
            if target not in found:
                found.add(target)
                todo.append(target)
    return found


def circles(arrows):
    """Returns each largest circle as a set of modules."""
    reach = {name: reachable(name, arrows) for name in arrows}
    found = []
    for name in sorted(arrows):
        if name in reach[name] and not any(name in circle for circle in found):
            found.append({other for other in reach[name] if name in reach.get(other, ())})
    return found


def named():
    """Returns the circles that CIRCLES names, as sets of modules."""
    parts = [[part.split(": ") for part in circle.split("; ")] for circle in CIRCLES]
    return [{f"{folder}/{name}" for folder, names in circle for name in names.split()}
            for circle in parts]


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    graph = check_layers.includes(root, tree.files(root, ".c", ".h", ".asm", ".inc"))
    allowed, found = named(), circles(uses(graph))
    complaints = []
    for circle in found:
        if not any(circle <= permitted for permitted in allowed):
            complaints.append("circle of modules: " + ", ".join(sorted(circle)) + ": take it apart, or"
                              " name it with its reason in tools/check/check_circles.py")
    in_circles = set().union(*found) if found else set()
    if len(graph) > 100:
        complaints += [f"{name}: is in no circle any more; take it out of CIRCLES"
                       for permitted in allowed for name in sorted(permitted - in_circles)]
    tree.finish(complaints)


if __name__ == "__main__":
    main()
