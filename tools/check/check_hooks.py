#!/usr/bin/env python3
"""Checks that each hook by which a lower layer calls an upper one is set in kernel/hooks.c only.

A hook is a pointer to a function that a header of a lower layer declares `extern`. kernel/hooks.c
sets each of them, and no other file of the kernel does. (Tests may set one for a short time.) A
lower layer has no other pointers to functions. A `static` one at file scope is refused, because it
would be a hidden hook. A function that a header of a lower layer declares is not defined in a
higher layer, but in kernel/hooks.c. OBSERVERS are the exceptions: pointers that are NULL unless an
observer is attached.
"""

import os
import re

import tree

WIRING = "kernel/hooks.c"
LOWER = ("arch", "boot", "mm", "sched")
OBSERVERS = {
    "stack_fault_observer": "the trace, the demonstration and tests look at each stack fault",
    "swapper_step_hook": "tests act between the steps of the swapper",
    "watcher": "sched/stack/gate.c: tests see in which order threads pass, set by gate_watch()",
    "choice_watcher": "sched/stack/oom.c: tests act between the choice and the kill",
}
DECLARED = re.compile(r"^extern\s+[^;()]*\(\*(\w+)\)\s*\([^;]*\);", re.MULTILINE)
HIDDEN = re.compile(r"^static\s+[^;()={]*\(\*(\w+)\)\s*\([^;={]*\)\s*[;=]", re.MULTILINE)
DEFINED = re.compile(r"^(?!static\b)\w[\w \t*]*?\b(\w+)\([^;{}]*\)\n\{", re.MULTILINE)
PROTOTYPE = re.compile(r"^(?!static\b|extern\b|typedef\b|#)\w[\w \t*]*?\b(\w+)\([^;{}]*\)[^;{}]*;",
                       re.MULTILINE)


def layer(name):
    """Returns the layer that a file lies in."""
    return name.split("/", 1)[0]


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    names = tree.files(root, ".c", ".h")
    texts = {name: tree.without_c_comments(tree.read(root, name)) for name in names}
    complaints, hooks, prototypes = [], {}, {}
    for name in names:
        if layer(name) not in LOWER:
            continue
        if name.endswith(".h"):
            hooks.update((hook, name) for hook in DECLARED.findall(texts[name]))
            prototypes.update((function, name) for function in PROTOTYPE.findall(texts[name]))
        complaints += [f"{name}: {pointer} is a hook that no header declares; make it extern and"
                       f" set it in {WIRING}"
                       for pointer in HIDDEN.findall(texts[name]) if pointer not in OBSERVERS]
    for hook, header in sorted(hooks.items()):
        writes = re.compile(rf"(?<![\w.>*]){hook}\s*=[^=]|__atomic_\w+\(&{hook}\b(?=,[^)]*,)")
        setters = [name for name in names if name.endswith(".c") and layer(name) != "tests"
                   and writes.search(texts[name])]
        if hook in OBSERVERS:
            if WIRING in setters:
                complaints.append(f"{WIRING}: sets {hook}, which OBSERVERS names")
            continue
        complaints += [f"{name}: sets the hook {hook}, which belongs in {WIRING}"
                       for name in setters if name != WIRING]
        if WIRING in texts and WIRING not in setters:
            complaints.append(f"{header}: declares the hook {hook}, which {WIRING} does not set")
    for name in names:
        if layer(name) == "kernel" and name != WIRING:
            complaints += [f"{name}: defines {function}(), which {prototypes[function]} declares:"
                           f" a hook bound by the linker belongs in {WIRING}"
                           for function in DEFINED.findall(texts[name]) if function in prototypes]
    known = set(hooks) | {pointer for name in names if layer(name) in LOWER
                          for pointer in HIDDEN.findall(texts[name])}
    if os.path.exists(os.path.join(root, WIRING)) and len(names) > 100:
        complaints += [f"OBSERVERS names {name}, which is no hook" for name in OBSERVERS
                       if name not in known]
    tree.finish(complaints)


if __name__ == "__main__":
    main()
