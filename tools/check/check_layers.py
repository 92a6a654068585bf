#!/usr/bin/env python3
"""Checks that no file includes one of a higher layer, and that no includes go in a circle.

The layers, lowest first, are in LAYERS. APART holds what is no part of the kernel: it may use lib
and itself, and nothing may use it.
"""

import os
import re

import tree

LAYERS = ("lib", "arch", "boot", "mm", "sched", "kernel", "tests")
APART = ("user", "labs")
INCLUDE = re.compile(r'^[ \t]*[#%][ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
SUFFIXES = (".c", ".h", ".asm", ".inc", ".ld")


def top(name):
    """The directory directly below the root that holds a file."""
    return name.split("/", 1)[0] if "/" in name else ""


def includes(root, names):
    """Returns {file: [file it includes]}, for files of the tree only."""
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
    """Complaints about includes that go up or aside."""
    complaints = []
    for name, targets in graph.items():
        mine = top(name)
        for target in targets:
            other = top(target)
            if mine == other:
                continue
            if other in APART or (mine in APART and other != "lib"):
                complaints.append(f"{name}: includes {target}: {other}/ and {mine}/ stand apart")
            elif mine in LAYERS and other in LAYERS and LAYERS.index(other) > LAYERS.index(mine):
                complaints.append(f"{name}: includes {target}: {other}/ lies above {mine}/")
    return complaints


def circles(graph):
    """Complaints about circles, each told once."""
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
    tree.finish(upward(graph) + circles(graph))


if __name__ == "__main__":
    main()
