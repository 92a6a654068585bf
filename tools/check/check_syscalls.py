#!/usr/bin/env python3
"""Checks the list of system calls, kernel/syscall_list.h, and what is made from it.

Numbers are dense and unique, and those of MESSAGE and PAIR come first. Types of objects, rights and errors
exist in lib/. Each error names a test that exists, makes the call and names the error, itself or by what its file
defines. A call that reads or writes the caller's memory lists FAULT. Each precondition names an error that the call
may give, and each error has a precondition that rules it out, if a caller can. docs/system-calls.md is what the list
says; `make syscalls-page` repairs it. Each call has a function call_NAME() somewhere in kernel/.
"""

import os
import re
import sys

import tree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "build"))
import syscalls  # noqa: E402  # pylint: disable=wrong-import-position

TEST = re.compile(r"^[ \t]*(?:USER_|HOST_)?TEST\(\s*([A-Z]{3}\d{4})\b", re.MULTILINE)
# What a file of tests defines: functions, and tables that are constant.
DEFINED = re.compile(r"^(?:static [^=;{}]*?\b(\w+)(?:\[[^\]]*\])* = |[a-z][\w \*]*?\b(\w+)\([^;{}]*\)\n)\{(.*?)^\};?\n",
                     re.MULTILINE | re.DOTALL)
# Errors that no caller can rule out by what it does.
OUTCOMES = {"TIMEOUT", "KILLED", "NO_MEMORY"}
FUNCTION = re.compile(r"^int64_t call_(\w+)\(", re.MULTILINE)


def known(root, name, pattern):
    """Returns what a pattern finds in a file."""
    return set(re.findall(pattern, tree.read(root, name)))


def tests_of(text):
    """Returns for each test of a file its text, and that of what the file defines and the test uses."""
    defined = {match.group(1) or match.group(2): match.group(3) for match in DEFINED.finditer(text)}
    found = {}
    for match in TEST.finditer(text):
        parts, used = [text[match.start():text.find("\n}\n", match.start())]], set()
        for part in parts:
            more = (set(re.findall(r"\w+", part)) & set(defined)) - used
            used |= more
            parts += [defined[name] for name in sorted(more)]
        found[match.group(1)] = "\n".join(parts)
    return found


def shown_complaints(call, tests):
    """Returns complaints about the tests that are to show the errors of a call."""
    complaints = []
    for error, *shown in call.errors:
        if shown and shown[0] not in tests:
            complaints.append(f"there is no test {shown[0]}")
        elif shown:
            text = tests[shown[0]]
            if not re.search(rf"\b(?:SYSCALL|sys)_{call.name}\b", text):
                complaints.append(f"{error}: {shown[0]} does not make the call")
            if not re.search(rf"\bERROR_{error}\b", text):
                complaints.append(f"{error}: {shown[0]} does not name the error")
    return complaints


def precondition_complaints(call):
    """Returns complaints about what must hold when the call is made."""
    listed = {error for error, *_ in call.errors}
    named = {error for error, _ in call.preconditions}
    implied = set(call.implied_errors())
    return ([f"a precondition names {error}, which the call does not give"
             for error in sorted(named - listed - implied)] +
            [f"{error}: no precondition says when" for error in sorted(listed - named - implied - OUTCOMES)])


def call_complaints(call, names):
    """Returns complaints about the words of one entry."""
    errors, rights, types, tests, functions = names
    listed = {error for error, *_ in call.errors}
    complaints = [f"lib/error.h has no ERROR_{error}" for error in sorted(listed - errors)]
    complaints += shown_complaints(call, tests) + precondition_complaints(call)
    if "FAULT" not in listed and any(kind in ("in", "out") for _, kind, _ in call.arguments):
        complaints.append("it accesses the caller's memory, and FAULT is not listed")
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
    tests, functions = {}, set()
    for name in tree.files(root, ".c"):
        if name.startswith(("tests/", "user/")):
            tests.update(tests_of(tree.read(root, name)))
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
