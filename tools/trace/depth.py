"""Which functions' frames cost most stack: as seen at run time, and as the compiler says.

The run time's side is the paths of a trace (one switch in eight, and each stack fault): a function's
frame reaches from where one step was found to where the next was. The compiler's side is what it
wrote beside the objects with -fcallgraph-info=su: the bytes of each frame, return address and saved
RBP apart. A function that was inlined has no frame of its own on either side.
"""

import glob
import os
import re

STACK_BYTES = 16384
NODE = re.compile(r'node: \{ title: "(?:[^":]*:)?([^":]+)".*?\\n(\d+) bytes \(')
TRACE_ITSELF = ("trace_switch", "thread_switch_trace", "switch_record")
COPY = re.compile(r"\.(isra|part|constprop|cold)(\.\d+)*")


def compiler_frames(directory):
    """Returns {function: most bytes of its frame} from the objects' call graphs."""
    found = {}
    for path in glob.glob(os.path.join(directory, "obj", "**", "*.ci"), recursive=True):
        with open(path, encoding="utf-8", errors="replace") as file:
            for name, size in NODE.findall(file.read()):
                name = COPY.sub("", name)
                found[name] = max(found.get(name, 0), int(size))
    return found


def paths(recording):
    """Returns [[(address, place)]] of all paths, from the innermost step."""
    found, open_paths = [], {}
    for event in recording.events:
        if event.kind in ("FAULT", "SAMPLE"):
            open_paths[event.cpu] = []
            found.append(open_paths[event.cpu])
        elif event.kind == "PATH" and event.cpu in open_paths:
            open_paths[event.cpu].append((event.a, event.b, bool(event.small & 256)))
    return found


def sampled_frames(recording, symbols):
    """Returns ({function: [bytes of its frame in each path]}, number of paths). A step that stands for
    several, and one whose neighbour lies on another stack, tell no size."""
    sizes, all_paths = {}, paths(recording)
    for steps in all_paths:
        for index, ((address, place, more), (_, above, _)) in enumerate(zip(steps, steps[1:])):
            if 0 < above - place < STACK_BYTES and not more:
                name = COPY.sub("", symbols.find(address - (1 if index else 0)))
                sizes.setdefault(name, []).append(above - place)
    return sizes, len(all_paths)


def rows(recording, symbols, directory):
    """Returns [(function, paths with it, mean bytes a path, most bytes, compiler's bytes or None)], the
    function that costs most first."""
    sizes, count = sampled_frames(recording, symbols)
    said = compiler_frames(directory)
    found = [(name, len(seen), sum(seen) / count, max(seen), said.get(name))
             for name, seen in sizes.items() if name not in TRACE_ITSELF]
    return sorted(found, key=lambda row: (-row[2], row[0]))


def text(found, most=30):
    """Returns the rows as a table."""
    lines = [f"{'function':32} {'paths':>7} {'bytes a path':>13} {'most':>6} {'compiler':>9}"]
    for name, seen, mean, largest, said in found[:most]:
        lines.append(f"{name:32} {seen:7} {mean:13.1f} {largest:6} {'' if said is None else said:>9}")
    return "\n".join(lines) + "\n"
