#!/usr/bin/env python3
"""Checks the list of system calls, kernel/syscall_list.h, and what is made from it.

Numbers are dense and unique, and those of MESSAGE and PAIR come first. Types of objects, rights and errors
exist in lib/. Each error names a test that exists. docs/system-calls.md is what the list says;
`make syscalls-page` repairs it. Each call has a function call_NAME() somewhere in kernel/.
"""

import os
import re
import sys

import tree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "build"))
import syscalls  # noqa: E402  # pylint: disable=wrong-import-position

TEST = re.compile(r"^[ \t]*(?:USER_|HOST_)?TEST\(\s*([A-Z]{3}\d{4})\b", re.MULTILINE)
FUNCTION = re.compile(r"^int64_t call_(\w+)\(", re.MULTILINE)


def known(root, name, pattern):
    """Returns what a pattern finds in a file."""
    return set(re.findall(pattern, tree.read(root, name)))


def call_complaints(call, names):
    """Returns complaints about the words of one entry."""
    errors, rights, types, tests, functions = names
    complaints = []
    for error, *shown in call.errors:
        if error not in errors:
            complaints.append(f"lib/error.h has no ERROR_{error}")
        complaints += [f"there is no test {test}" for test in shown[:1] if test not in tests]
    own = {name for name, _, _ in call.arguments}
    for name, kind, words in call.arguments:
        if kind == "handle":
            if not words or words[0] != "any" and words[0].upper() not in types:
                complaints.append(f"{name}: lib/abi.h has no such type of object")
            complaints += [f"{name}: lib/abi.h has no RIGHT_{right}" for right in words[1:]
                           if right not in rights]
        elif kind in ("in", "out"):
            if len(words) != 1 or not (words[0] in own or words[0].isdigit()):
                complaints.append(f"{name}: '{kind}' is followed by an argument or a number")
        elif words:
            complaints.append(f"{name}: nothing stands behind '{kind}'")
    if call.name not in functions:
        complaints.append(f"no file of kernel/ defines call_{call.name}()")
    return [f"{syscalls.LIST}: {call.name}: {complaint}" for complaint in complaints]


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    if not os.path.exists(os.path.join(root, syscalls.LIST)):
        tree.finish([])
    try:
        found = syscalls.calls(tree.read(root, syscalls.LIST))
    except ValueError as error:
        tree.finish([str(error)])
    tests, functions = set(), set()
    for name in tree.files(root, ".c"):
        if name.startswith(("tests/", "user/")):
            tests |= set(TEST.findall(tree.read(root, name)))
        elif name.startswith("kernel/"):
            functions |= set(FUNCTION.findall(tree.read(root, name)))
    names = (known(root, "lib/error.h", r"\bERROR_(\w+)"), known(root, "lib/abi.h", r"\bRIGHT_(\w+)"),
             known(root, "lib/abi.h", r"\bOBJECT_(\w+)"), tests, functions)
    complaints = [complaint for call in found for complaint in call_complaints(call, names)]
    if sorted(call.number for call in found) != list(range(len(found))):
        complaints.append(f"{syscalls.LIST}: the numbers are not 0 to {len(found) - 1}, each once")
    by_number = sorted(found, key=lambda call: call.number)
    first = [call.sets_registers for call in by_number]
    if first != sorted(first, reverse=True):
        complaints.append(f"{syscalls.LIST}: the numbers of MESSAGE and PAIR come first")
    if len({call.name for call in found}) != len(found):
        complaints.append(f"{syscalls.LIST}: two calls have one name")
    have = tree.read(root, syscalls.PAGE) if syscalls.PAGE in tree.files(root) else ""
    if have != syscalls.page(found):
        complaints.append(f"{syscalls.PAGE}: is not what {syscalls.LIST} says; try:"
                          " make syscalls-page")
    tree.finish(complaints)


if __name__ == "__main__":
    main()
