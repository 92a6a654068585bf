#!/usr/bin/env python3
"""Checks that no file includes one of a higher layer or room, and that includes form no circle.

LAYERS lists the layers, lowest first. A room is a folder of a layer. ROOMS lists the rooms of each
layer, lowest first. A file includes only files of its own room and of lower rooms. A file that lies
directly in a layer's folder is named by its stem. UPWARD lists the only exceptions, each with its
reason. APART lists folders that are not part of the kernel. They may use lib and themselves, and no
other file may use them, except tests that run on the host.
"""

import os
import re

import tree

LAYERS = ("lib", "arch", "boot", "mm", "sched", "kernel", "tests")
APART = ("user", "labs")
HOST_TESTS = "tests/host/"
ROOMS = {
    "arch": ("cpu", "paging", "entry", "acpi", "apic", "time", "smp", "dev"),
    "mm": ("frame", "heap", "stack", "stack_modes", "space"),
    "sched": ("core", "sync", "stack"),
    "kernel": ("console", "option_list", "options", "nmi_test_hooks", "nmi", "panic", "object", "ipc", "syscall_list", "task",
               "information", "demo", "syscall", "trace", "program", "test", "monitor", "processors",
               "boot_report", "hooks", "main"),
}
UPWARD = {
    ("sched/core", "sched/stack"): "the dispatcher asks the gate (gate.h) before each switch, a"
                                   " wake-up undoes what the swapper took (swap_candidate.h), and"
                                   " both move threads between the dispatcher's queues: one"
                                   " mechanism",
}
INCLUDE = re.compile(r'^[ \t]*[#%][ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
SUFFIXES = (".c", ".h", ".asm", ".inc", ".ld")


def top(name):
    """Returns the directory directly below the root that holds a file."""
    return name.split("/", 1)[0] if "/" in name else ""


def room(name):
    """Returns (layer, room) of a file. The room is None if the layer has no rooms."""
    parts = name.split("/")
    layer, below = parts[0], parts[2:] if parts[0] == "arch" else parts[1:]
    if layer not in ROOMS or not below:
        return layer, None
    return layer, below[0] if len(below) > 1 else os.path.splitext(below[0])[0]


def includes(root, names):
    """Returns {file: [files that it includes]}, for files of the tree only."""
    known, graph = set(names), {}
    for name in names:
        text = tree.read(root, name)
        if not name.endswith((".asm", ".inc")):
            text = tree.without_c_comments(text)
        graph[name] = []
        for target in INCLUDE.findall(text):
            beside = os.path.normpath(os.path.join(os.path.dirname(name), target))
            found = next((path for path in (os.path.normpath(target), beside) if path in known),
                         None)
            if found:
                graph[name].append(found)
    return graph


def upward(graph):
    """Returns complaints about includes from a higher layer or from APART."""
    complaints = []
    for name, targets in graph.items():
        mine = top(name)
        for target in targets:
            other = top(target)
            if mine == other:
                continue
            if name.startswith(HOST_TESTS) and other in APART:
                continue
            if other in APART or (mine in APART and other != "lib"):
                complaints.append(f"{name}: includes {target}: {other}/ and {mine}/ stand apart")
            elif mine in LAYERS and other in LAYERS and LAYERS.index(other) > LAYERS.index(mine):
                complaints.append(f"{name}: includes {target}: {other}/ lies above {mine}/")
    return complaints


def upward_rooms(graph):
    """Returns complaints about includes from a higher room, and about files in no room."""
    complaints, used = [], set()
    for name, targets in graph.items():
        layer, mine = room(name)
        if mine is None:
            continue
        order = ROOMS[layer]
        if mine not in order:
            complaints.append(f"{name}: {layer}/ has no room {mine}; rooms are listed in ROOMS")
            continue
        for target in targets:
            other = room(target)
            if other[0] != layer or other[1] == mine or other[1] not in order:
                continue
            if order.index(other[1]) > order.index(mine):
                exception = (f"{layer}/{mine}", f"{layer}/{other[1]}")
                if exception in UPWARD:
                    used.add(exception)
                else:
                    complaints.append(f"{name}: includes {target}: room {other[1]}/ lies above"
                                      f" {mine}/")
    return complaints, used


def circles(graph):
    """Returns complaints about circles of includes, one for each circle."""
    complaints, done = [], set()

    def visit(name, path):
        if name in path:
            circle = path[path.index(name):] + [name]
            complaints.append("circle: " + " -> ".join(circle))
            return
        if name in done:
            return
        for target in graph[name]:
            visit(target, path + [name])
        done.add(name)

    for name in graph:
        visit(name, [])
    return complaints


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    graph = includes(root, tree.files(root, *SUFFIXES))
    rooms, used = upward_rooms(graph)
    idle = [f"{below} -> {above}: no include needs this exception; take it out of UPWARD"
            for below, above in UPWARD if (below, above) not in used] if len(graph) > 100 else []
    tree.finish(upward(graph) + rooms + circles(graph) + idle)


if __name__ == "__main__":
    main()
