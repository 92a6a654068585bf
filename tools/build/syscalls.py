#!/usr/bin/env python3
"""Reads the list of system calls, kernel/syscall_list.h, and writes what is made from it.

    syscalls.py stubs FILE    the stubs for user programs, a C header
    syscalls.py model FILE    the fuzzer's model, as JSON
    syscalls.py page          docs/system-calls.md

tools/check/check_syscalls.py checks the list and compares the page.
"""

import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIST = "kernel/syscall_list.h"
PAGE = "docs/system-calls.md"
ENTRY = re.compile(r"^    (CALL|PAIR|MESSAGE)\((\d+), (\w+), ([0-6]), ((?:\"[^\"]*\"|[^\"()])*)\)",
                   re.MULTILINE)
TEXT = re.compile(r'"([^"]*)"')
PRECONDITION = re.compile(r"([A-Z_]+): (\S.*\S)")
# Errors of every handle; two more depend on what the call asks of it.
HANDLE_ERRORS = ("BAD_HANDLE", "STALE_HANDLE", "CLOSED_HANDLE")
# Why no program gets an error on the machines of the fuzzer. It is a failure there if one does.
REASONS = {
    "ENDS": "the thread ends before it is back in user mode",
    "DEVICE": "only on a machine that lacks the device",
    "ENDED": "the caller's budget was ended, and the caller ends with it",
}
# Errors that depend on the machine: no test need show them.
BY_MACHINE = (("NO_MEMORY",), ("BUSY",), ("UNSUPPORTED",))
TYPES = ("handle", "tag", "rights", "bits", "value", "deadline", "address", "in", "out")


class Call:
    """One entry of the list."""

    def __init__(self, match):
        kind, number, self.name, parameters, rest = match.groups()
        self.is_message = kind == "MESSAGE"
        self.sets_registers = kind != "CALL"
        self.number, self.parameters = int(number), int(parameters)
        texts = TEXT.findall(rest)
        blocks = re.sub(r'"[^"]*"|[\s,]', "", rest)
        if len(texts) != 5 or blocks not in ("BLOCKS", "PROMPT"):
            raise ValueError(f"{LIST}: {self.name}: five texts and BLOCKS or PROMPT are expected")
        self.blocks = blocks == "BLOCKS"
        arguments, preconditions, results, errors, self.sentence = texts
        self.arguments = [self.argument(text) for text in arguments.split(", ") if text]
        self.preconditions = [self.precondition(text) for text in preconditions.split("; ") if text]
        self.result, _, self.second = (part.strip() for part in results.partition(";"))
        self.errors = [tuple(text.split()) for text in errors.split(", ") if text]
        if (kind == "PAIR") != bool(self.second):
            raise ValueError(f"{LIST}: {self.name}: PAIR is for calls with a second result")
        if len(self.arguments) != self.parameters:
            raise ValueError(f"{LIST}: {self.name}: {self.parameters} parameters, but"
                             f" {len(self.arguments)} arguments")
        if any(len(error) not in (2, 3) and error not in BY_MACHINE for error in self.errors):
            raise ValueError(f"{LIST}: {self.name}: an error is 'ERROR test' or 'ERROR test REASON'")
        if any(len(error) == 3 and error[2] not in REASONS for error in self.errors):
            raise ValueError(f"{LIST}: {self.name}: reasons are {', '.join(REASONS)}")

    def argument(self, text):
        """Returns (name, type, words behind the type)."""
        match = re.fullmatch(r"(\w+): (\w+)((?: \w+)*)", text)
        if not match or match.group(2) not in TYPES:
            raise ValueError(f"{LIST}: {self.name}: '{text}' is no 'name: type'; types are"
                             f" {', '.join(TYPES)}")
        return match.group(1), match.group(2), match.group(3).split()

    def precondition(self, text):
        """Returns (error, what must hold)."""
        match = PRECONDITION.fullmatch(text)
        if not match:
            raise ValueError(f"{LIST}: {self.name}: '{text}' is no 'ERROR: what must hold'")
        return match.groups()

    def has_handle(self):
        """Returns whether an argument is a handle."""
        return any(kind == "handle" for _, kind, _ in self.arguments)

    def handle_errors(self):
        """Returns the errors that handles among the arguments, and in messages to send, imply."""
        handles = [words for _, kind, words in self.arguments if kind == "handle"]
        if self.is_message and "SEND" in sum(handles, ["SEND"] if "reply" in self.name else []):
            handles.append(["any", "TRANSFER"])
        if not handles:
            return []
        return (list(HANDLE_ERRORS)
                + ["WRONG_TYPE"] * any(words[0] != "any" for words in handles)
                + ["NO_RIGHT"] * any(len(words) > 1 for words in handles))

    def implied_errors(self):
        """Returns the errors that the types of the arguments imply."""
        memory = any(kind in ("in", "out") for _, kind, _ in self.arguments)
        return self.handle_errors() + ["FAULT"] * memory

    def possible_errors(self):
        """Returns all errors that the call may give a program."""
        return sorted({error[0] for error in self.errors if len(error) < 3} | set(self.implied_errors()))


def calls(text):
    """Returns the calls of the list, in its order."""
    text = text.replace("\\\n", "\n")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    begin = text.index("#define SYSCALL_LIST")
    text = text[begin:text.index("#define", begin + 1)]
    text = re.sub(r'"\s+"', "", text)  # two texts side by side are one
    found = [Call(match) for match in ENTRY.finditer(re.sub(r",\s*\n\s*", ", ", text))]
    entries = len(re.findall(r"^    (?:CALL|PAIR|MESSAGE)\(", text, re.MULTILINE))
    if len(found) != entries:
        raise ValueError(f"{LIST}: {entries} entries, but {len(found)} can be read")
    return found


def read_calls(root=ROOT):
    """Returns the calls of the tree at `root`."""
    with open(os.path.join(root, LIST), encoding="utf-8") as file:
        return calls(file.read())


STUBS_HEAD = """\
/*
 * System calls of user programs: made from kernel/syscall_list.h by tools/build/syscalls.py.
 *
 * Each stub is sys_NAME(); docs/system-calls.md describes the calls. A negative result is an error
 * (lib/error.h). The kernel gives back all argument registers as 0, but for results.
 */
#pragma once

#include "lib/abi.h"
#include "lib/error.h"

/* A message in registers: what is sent, then what is received. */
struct sys_message {
    uint64_t tag;
    uint64_t words[MESSAGE_WORDS];
    uint64_t badge; /* of what is received */
};

static inline int64_t sys_call_6(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                 uint64_t e, uint64_t f, uint64_t *second)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8), "+r"(r9)
                     :
                     : "rcx", "r11", "memory");
    if (second != NULL) {
        *second = c;
    }
    return (int64_t)number;
}

static inline int64_t sys_call_message(uint64_t number, uint64_t handle,
                                       struct sys_message *message)
{
    uint64_t tag = message->tag, third = message->words[0];
    register uint64_t r8 __asm__("r8") = message->words[1];
    register uint64_t r9 __asm__("r9") = message->words[2];
    register uint64_t r10 __asm__("r10") = message->words[3];
    register uint64_t r12 __asm__("r12") = message->words[4];
    register uint64_t r13 __asm__("r13") = message->words[5];
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(handle), "+S"(tag), "+d"(third), "+r"(r8), "+r"(r9),
                       "+r"(r10), "+r"(r12), "+r"(r13)
                     :
                     : "rcx", "r11", "memory");
    *message = (struct sys_message){tag, {third, r8, r9, r10, r12, r13}, handle};
    return (int64_t)number;
}
"""


def stub(call):
    """Returns the stub of a call."""
    if call.is_message:
        handle = call.arguments[0][0] if call.has_handle() else ""
        parameters = (f"uint64_t {handle}, " if handle else "") + "struct sys_message *message"
        body = f"return sys_call_message({call.number}, {handle or 0}, message);"
    else:
        names = [name for name, _, _ in call.arguments]
        values = ", ".join(names + ["0"] * (6 - len(names)))
        parameters = ", ".join([f"uint64_t {name}" for name in names] +
                               (["uint64_t *second"] if call.second else [])) or "void"
        body = f"return sys_call_6({call.number}, {values}, {'second' if call.second else 'NULL'});"
    second = f" *second: {call.second}." if call.second else ""
    return (f"\n/* {call.sentence} Returns {call.result}.{second} */\n"
            f"static inline int64_t sys_{call.name}({parameters})\n{{\n    {body}\n}}\n")


def stubs(found):
    """Returns the header with all stubs."""
    numbers = "".join(f"#define SYS_{call.name.upper()} {call.number}\n" for call in found)
    return STUBS_HEAD + "\n/* Numbers of the calls. */\n" + numbers + \
        f"#define SYS_COUNT {len(found)}\n" + "".join(stub(call) for call in found)


def model(found):
    """Returns the fuzzer's model: what each argument is, and which errors a call may give."""
    return json.dumps([{
        "number": call.number, "name": call.name, "message": call.is_message,
        "blocks": call.blocks,
        "arguments": [{"name": name, "type": kind, "words": words}
                      for name, kind, words in call.arguments],
        "errors": call.possible_errors(),
    } for call in found], indent=1) + "\n"


PAGE_HEAD = """# System calls

A call's number is in RAX, its arguments are in RDI, RSI, RDX, R10, R8 and R9. The result is in RAX: a negative
one is an error of `lib/error.h`. A second result, where there is one, is in RDX. RCX and R11 are clobbered, the
other argument registers come back as 0, and RBX, RBP, RSP and R12 to R15 are kept. A number that no call has
gives `ERROR_UNSUPPORTED`.

Message calls pass a handle in RDI, the tag in RSI, and six words in RDX, R8, R9, R10, R12 and R13, in both
directions; on return RDI is the badge. After an error all of them are 0.

A handle as an argument implies up to five errors, in this order: `ERROR_BAD_HANDLE` (the task never had it),
`ERROR_STALE_HANDLE` (it was closed, and its entry is used again), `ERROR_CLOSED_HANDLE` (it was closed),
`ERROR_WRONG_TYPE` if it must be of one type, and `ERROR_NO_RIGHT` if it must have rights; SYS0002 shows them for
each handle of each call. An address implies `ERROR_FAULT` if a byte of its range is not the caller's to read or
write. What else must hold when a call is made stands behind "requires", with the error that the call gives if it
does not hold. Each error stands with the test that shows it.

This page is made from `kernel/syscall_list.h` by `make syscalls-page`.
"""


def argument_text(call, argument):
    """Returns how the page describes an argument."""
    name, kind, words = argument
    if kind == "handle":
        rights = " and ".join(f"`RIGHT_{right}`" for right in words[1:])
        owner = "any object" if words[0] == "any" else f"an object of type {words[0]}"
        text = f"handle to {owner}" + (f", with {rights}" if rights else "")
    elif kind in ("in", "out"):
        verb = "read" if kind == "in" else "written"
        text = f"address from which `{words[0]}` bytes are {verb}" if kind == "in" else \
            f"address to which `{words[0]}` bytes are {verb}"
    else:
        text = {"tag": "tag of the message", "rights": "rights, by bit", "bits": "64 bits",
                "value": "number", "address": "address in the caller's memory",
                "deadline": "clock time in nanoseconds; 0: do not wait; 2^64-1: no limit"}[kind]
    del call
    return f"`{name}`: {text}"


def page(found):
    """Returns the reference page."""
    lines = [PAGE_HEAD]
    for call in found:
        lines.append(f"\n## {call.number}: {call.name}\n\n{call.sentence}"
                     f"{' It may wait.' if call.blocks else ''}\n")
        lines += [f"\n- {argument_text(call, argument)}" for argument in call.arguments]
        lines += [f"\n- requires: {text} (else `ERROR_{error}`)" for error, text in call.preconditions]
        if not call.preconditions:
            lines.append("\n- requires nothing" + (" more" if call.arguments else ""))
        lines.append(f"\n- returns {call.result}" + (f"; in RDX {call.second}" if call.second
                                                     else ""))
        lines += [f"\n- `ERROR_{error[0]}`" + "".join(f": {test}" for test in error[1:2])
                  + "".join(f" ({REASONS[reason]})" for reason in error[2:])
                  for error in call.errors]
        lines.append("\n")
    return "".join(lines)


def write(path, text):
    """Writes a file."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(arguments):
    """Writes what the command line names."""
    try:
        found = read_calls()
    except ValueError as error:
        sys.exit(str(error))
    if len(arguments) == 2 and arguments[0] in ("stubs", "model"):
        write(arguments[1], stubs(found) if arguments[0] == "stubs" else model(found))
    elif arguments == ["page"]:
        write(os.path.join(ROOT, PAGE), page(found))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
