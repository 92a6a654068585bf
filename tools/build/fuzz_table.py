#!/usr/bin/env python3
"""Writes what the fuzzer (user/fuzz) knows of the system calls, a C header.

    fuzz_table.py HEADER

It is made from the list of system calls, kernel/syscall_list.h: for each call what its arguments are,
whether its result is a handle, and which errors it may give.
"""

import os
import re
import sys

import syscalls

KINDS = {"handle": "HANDLE", "tag": "TAG", "rights": "RIGHTS", "bits": "VALUE", "value": "VALUE",
         "deadline": "DEADLINE", "address": "ADDRESS", "in": "ADDRESS", "out": "ADDRESS"}


def kind_of(call, kind):
    """Returns the fuzzer's kind of an argument of that type."""
    return "FUZZ_" + KINDS[kind] + ("_WAITS" if kind == "tag" and call.blocks else "")


def row(call):
    """Returns the row of a call."""
    kinds = ", ".join(kind_of(call, kind) for _, kind, _ in call.arguments) or "FUZZ_NONE"
    bits = " | ".join(f"FUZZ_ERROR({error})" for error in call.possible_errors()) or "0"
    return (f"    {{{call.number}, \"{call.name}\", {int(bool(re.search('handle', call.result)))},"
            f" {int(bool(call.second) or call.is_message)}, {len(call.arguments)}, {{{kinds}}},\n"
            f"     {bits}}},\n")


def table(found):
    """Returns the header."""
    return ("/* Made from kernel/syscall_list.h by tools/build/fuzz_table.py. */\n"
            "static const struct fuzz_call fuzz_calls[] = {\n"
            + "".join(row(call) for call in found) + "};\n")


def main(target):
    """Writes the header."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w", encoding="utf-8") as file:
        file.write(table(syscalls.read_calls()))


if __name__ == "__main__":
    main(*sys.argv[1:])
