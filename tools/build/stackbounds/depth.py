"""Checks depth sections (arch/x86_64/cpu/depth_section.h) against the call graph.

A depth section touches the stack before it takes anything, as far down as it says in its record.
That must be as much as the function and all its calls need, and a preemption at the deepest point.
A depth section that another one calls counts with all that it touches.
"""

from .sites import contents, owner

SECTION = ".depth_sections"
RECORD_BYTES = 16  # the address of the touch, and how far below the frame pointer it is


def read(objects, objdump="objdump"):
    """Returns {path: [(place, bytes)]}. A place is (section, offset)."""
    return {path: [(relocations.get(start),
                    int.from_bytes(data[start + 8:start + RECORD_BYTES], "little"))
                   for start in range(0, len(data), RECORD_BYTES)]
            for path, (relocations, data) in contents(objects, SECTION, objdump).items()}


def add(graph, listed, found, directory, event_bytes):
    """Notes in each function that is a depth section how far it touches, events apart."""
    for path, records in found.items():
        for place, reach in records:
            name = owner(graph, listed[path], path, place, directory)
            if name is None:
                graph.complain(f"{path}: a depth section at {place}, in no known function")
                continue
            function = graph.functions[name]
            function.reach = max(function.reach, reach - event_bytes)


def complaints(graph, bounds, event_bytes):
    """Yields a complaint for each depth section that may need more than it touches."""
    for name in sorted(name for name, one in graph.functions.items() if one.reach):
        need = bounds.depth(name, False, reaches=True)
        reach = graph.functions[name].reach
        if need.bytes > reach:
            way = ", ".join(f"{one} {count}" for one, count in need.path)
            yield (f"the depth section {name} may need {need.bytes} bytes besides the"
                   f" {event_bytes} of a preemption, and touches only {reach}: {way}")
