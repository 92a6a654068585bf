"""Adds patch sites (arch/x86_64/cpu/patch_site.h) to the call graph.

A patch site is an instruction that a mode of the kernel replaces at boot by a call or a jump.
Neither the compiler nor the listing of an object shows these calls. Each object has records of its
sites, which hold the place of a site, its kind, and the target of a jump.
"""

import re
import subprocess

from .listing import OBJECT, TARGET, relocation

SECTION = ".patch_sites"
RECORD_BYTES = 24  # struct patch_site: two addresses, kind, rule, six bytes of padding
KIND_OFFSET = 16
JUMP_BYTES = 5
RELOCATION = re.compile(r"([0-9a-f]+) R_X86_64_64\s+(\S+)$")
CONTENTS = re.compile(r" ([0-9a-f]+) ((?:[0-9a-f]{2,8} ){1,4}) ")
# The functions that a site may call, by its kind. The record of a jump names its target.
CALLED = {0: ("site_interrupts_check",), 1: ("site_preemption_check", "site_preemption_touch"),
          4: (), 5: ()}  # STAC and CLAC call nothing


def read(objects, objdump="objdump"):
    """Returns {path: [(kind, place, target)]}. Place and target are (section, offset)."""
    return {path: _records(*parts) for path, parts in contents(objects, SECTION, objdump).items()}


def contents(objects, section, objdump):
    """Returns {path: (relocations by offset, bytes)} of one section of each object that has it."""
    done = subprocess.run([objdump, "-rs", "-j", section, *objects], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return _parse(done.stdout)


def _parse(text):
    """Returns {path: (relocations by offset, bytes)}."""
    found, relocations, data = {}, {}, bytearray()
    for line in text.splitlines():
        if match := OBJECT.match(line):
            relocations, data = {}, bytearray()
            found[match.group(1)] = (relocations, data)
        elif match := RELOCATION.match(line):
            relocations[int(match.group(1), 16)] = relocation("R_X86_64_64", match.group(2))
        elif match := CONTENTS.match(line):
            data += bytes.fromhex(match.group(2).replace(" ", ""))
    return {path: parts for path, parts in found.items() if parts[1]}


def _records(relocations, data):
    return [(data[start + KIND_OFFSET], relocations.get(start), relocations.get(start + 8))
            for start in range(0, len(data), RECORD_BYTES)]


def add(graph, listed, found, directory):
    """Adds to the graph the calls of sites in the modes that replace them."""
    replaced = []
    for path, records in found.items():
        for kind, place, target in records:
            caller = owner(graph, listed[path], path, place, directory)
            if caller is None or kind not in CALLED and target is None:
                graph.complain(f"{path}: a patch site at {place} of kind {kind}, of which nothing is"
                               " known (tools/build/stackbounds/sites.py)")
            elif target is None:
                graph.functions[caller].calls.update(CALLED[kind])
            else:
                name = (owner(graph, listed[path], path, target, directory)
                        or outside(graph, listed[path], target))
                for branch in into(listed[path], place):
                    graph.complain(f"{path}: the branch at {branch:#x} leads into the bytes of the patch"
                                   f" site at {place} that a jump replaces")
                replaced.append((caller, name))
                if name is None:
                    graph.complain(f"{path}: the patch site at {place} becomes a jump to {target},"
                                   " where no function is known: it needs an annotation")
    for function in graph.functions.values():
        function.calls.update(name for caller, name in replaced
                              if name is not None and caller in function.calls)


def into(obj, place):
    """Returns the addresses of branches that lead behind the first of the bytes that a jump replaces."""
    section, start = obj.starts.get(place[0], place)
    if place[0] in obj.starts:
        start += place[1]
    for instruction in obj.instructions.values():
        if instruction.section == section and instruction.target is None \
                and instruction.name.startswith("j") and (match := TARGET.match(instruction.operands)):
            if start < int(match.group(1), 16) < start + JUMP_BYTES:
                yield instruction.address


def owner(graph, obj, path, place, directory):
    """Returns the node that a place of an object belongs to, or None."""
    if place is None:
        return None
    one = obj.instructions.get(place) or obj.instructions.get(obj.starts.get(place[0]))
    if one is None:
        return None
    name = graph.name_of(graph.source_of(path, directory), one.owner)
    return name if name in graph.functions else None


def outside(graph, obj, target):
    """Returns the node of a function of another object that a site becomes a jump to, or None."""
    symbol, offset = target
    return symbol if offset == 0 and symbol not in obj.starts and symbol in graph.functions else None
