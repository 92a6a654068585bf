#!/usr/bin/env python3
"""Reads the protocols of servers, user/protocol/*.h, and writes what is made from them.

    protocols.py stubs PROTOCOL FILE   the clients' stubs and the server's dispatch, a C header
    protocols.py page                  docs/protocols.md

user/protocol/protocol.h says how a list is written. tools/check/check_protocols.py checks the lists
and compares the page.
"""

import glob
import os
import re
import sys

from syscalls import write

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = "user/protocol"
PAGE = "docs/protocols.md"
ENTRY = re.compile(r'^    OPERATION\((\d+), (\w+), "([^"]*)", "([^"]*)", "([^"]*)", "([^"]*)"\)',
                   re.MULTILINE)
PART = re.compile(r"(\w+): (value|bytes|handle)(?: (.+))?")
# The first word of an answer is the status; the others are left for values.
VALUES_MOST, STATUS_WORDS = 6, 1


class Operation:
    """One entry of a list."""

    def __init__(self, protocol, match):
        self.number = int(match.group(1))
        self.name = match.group(2)
        self.arguments = self.parts(protocol, match.group(3))
        self.results = self.parts(protocol, match.group(4))
        self.errors = [text for text in match.group(5).split(", ") if text]
        self.sentence = match.group(6)
        where = f"{FOLDER}/{protocol}.h: {self.name}"
        if len(self.of(self.arguments, "value")) > VALUES_MOST or \
                len(self.of(self.results, "value")) > VALUES_MOST - STATUS_WORDS:
            raise ValueError(f"{where}: there are too many values")
        for parts in (self.arguments, self.results):
            if any(len(self.of(parts, kind)) > 1 for kind in ("bytes", "handle")):
                raise ValueError(f"{where}: one part of type bytes and one handle at most")

    def parts(self, protocol, text):
        """Returns (name, type, sentence) of each argument or result."""
        found = [PART.fullmatch(part.strip()) for part in text.split(";") if part.strip()]
        if not all(found):
            raise ValueError(f"{FOLDER}/{protocol}.h: {self.name}: '{text}' is no list of"
                             " 'name: type sentence'; types are value, bytes, handle")
        return [match.groups() for match in found]

    @staticmethod
    def of(parts, kind):
        """Returns the names of the parts of a type."""
        return [name for name, its, _ in parts if its == kind]


class Protocol:
    """One list."""

    def __init__(self, name, text):
        self.name = name
        comment = re.match(r"/\*\n?(.*?)\*/", text, re.DOTALL)
        self.sentence = re.sub(r"^ \*? ?", "", comment.group(1), flags=re.MULTILINE).strip() \
            if comment else ""
        text = re.sub(r"/\*.*?\*/", "", text.replace("\\\n", "\n"), flags=re.DOTALL)
        text = re.sub(r",\s*\n\s*", ", ", text)
        self.operations = [Operation(name, match) for match in ENTRY.finditer(text)]
        entries = len(re.findall(r"^    OPERATION\(", text, re.MULTILINE))
        if len(self.operations) != entries or not entries:
            raise ValueError(f"{FOLDER}/{name}.h: {entries} entries, but {len(self.operations)} can"
                             " be read")
        define = re.search(rf"^#define {name.upper()}_PROTOCOL +(\d+)\b", text, re.MULTILINE)
        if not define or not 0 < int(define.group(1)) < 256:
            raise ValueError(f"{FOLDER}/{name}.h: it does not define {name.upper()}_PROTOCOL, 1 to 255")
        self.number = int(define.group(1))
        if [operation.number for operation in self.operations] != list(range(1, entries + 1)):
            raise ValueError(f"{FOLDER}/{name}.h: the numbers are not 1 to {entries}, in order")


def read_protocol(name, root=ROOT):
    """Returns a protocol of the tree at `root`."""
    with open(os.path.join(root, FOLDER, name + ".h"), encoding="utf-8") as file:
        return Protocol(name, file.read())


def read_protocols(root=ROOT):
    """Returns all protocols of the tree at `root`."""
    paths = sorted(glob.glob(os.path.join(root, FOLDER, "*.h")))
    names = [os.path.splitext(os.path.basename(path))[0] for path in paths]
    return [read_protocol(name, root) for name in names if name != "protocol"]


def label(protocol, operation):
    """Returns the label of an operation's messages."""
    return f"PROTOCOL_LABEL({protocol.name.upper()}_PROTOCOL, {operation.number})"


def client_stub(protocol, operation):
    """Returns the function that a client calls."""
    arguments, results = operation.arguments, operation.results
    parameters, lines = ["uint32_t server"], []
    for name, kind, _ in arguments:
        parameters += {"value": [f"uint64_t {name}"], "handle": [f"uint32_t {name}"],
                       "bytes": [f"const void *{name}", f"size_t {name}_bytes"]}[kind]
    for name, kind, _ in results:
        parameters += {"value": [f"uint64_t *{name}"], "handle": [f"uint32_t *{name}"],
                       "bytes": [f"void *{name}", f"size_t {name}_room", f"size_t *{name}_bytes"]}[kind]
    sent = operation.of(arguments, "bytes")
    given = operation.of(arguments, "handle")
    words = operation.of(arguments, "value")
    lines.append("    struct protocol_call call = {")
    lines.append("        .server = server,")
    lines.append(f"        .label = {label(protocol, operation)},")
    if words:
        lines.append("        .words = {" + ", ".join(words) + "},")
    if sent:
        lines.append(f"        .send = {sent[0]}, .send_bytes = {sent[0]}_bytes,")
    if given:
        lines.append(f"        .give = {given[0]},")
    got = operation.of(results, "bytes")
    if got:
        lines.append(f"        .receive = {got[0]}, .receive_room = {got[0]}_room,")
    if operation.of(results, "handle"):
        lines.append("        .takes_handle = true,")
    lines.append("    };")
    lines.append("    int64_t status = protocol_call(&call);")
    lines.append("")
    for at, name in enumerate(operation.of(results, "value")):
        lines.append(f"    *{name} = call.words[{at + STATUS_WORDS}];")
    if got:
        lines.append(f"    *{got[0]}_bytes = call.received_bytes;")
    for name in operation.of(results, "handle"):
        lines.append(f"    *{name} = call.taken;")
    if not results:
        lines.pop()
        lines[-1] = "    return protocol_call(&call);"
    else:
        lines.append("    return status;")
    return (f"\n/* {operation.sentence} */\n"
            f"static inline int64_t {protocol.name}_{operation.name}({', '.join(parameters)})\n{{\n"
            + "\n".join(lines) + "\n}\n")


def server_parameters(operation):
    """Returns the parameters of the function that serves an operation."""
    parameters = ["struct protocol_request *request"]
    for name, kind, _ in operation.arguments:
        parameters += {"value": [f"uint64_t {name}"], "handle": [f"uint32_t {name}"],
                       "bytes": [f"const char *{name}", f"size_t {name}_bytes"]}[kind]
    for name, kind, _ in operation.results:
        parameters += {"value": [f"uint64_t *{name}"], "handle": [f"uint32_t *{name}"],
                       "bytes": [f"char *{name}", f"size_t *{name}_bytes"]}[kind]
    return ", ".join(parameters)


def server_case(protocol, operation):
    """Returns the branch of the dispatch for an operation."""
    values, results = [], 0
    need = "true" if operation.of(operation.arguments, "handle") else "false"
    words = 0
    for name, kind, _ in operation.arguments:
        if kind == "value":
            values.append(f"request->words[{words}]")
            words += 1
        else:
            values += {"bytes": ["(const char *)request->bytes", "request->byte_count"],
                       "handle": ["request->handle"]}[kind]
    for name, kind, _ in operation.results:
        if kind == "value":
            values.append(f"&request->answer[{results}]")
            results += 1
        else:
            values += {"bytes": ["(char *)request->answer_bytes", "&request->answer_byte_count"],
                       "handle": ["&request->answer_handle"]}[kind]
        del name
    call = ", ".join(["request"] + values)
    return (f"    case {label(protocol, operation)}:\n"
            f"        return request->has_handle == {need}\n"
            f"                   ? {protocol.name}_serve_{operation.name}({call})\n"
            f"                   : ERROR_INVALID;\n")


def stubs(protocol):
    """Returns the header of a protocol: clients' stubs, and the server's dispatch."""
    name = protocol.name
    lines = [f"""\
/*
 * The protocol '{name}': made from {FOLDER}/{name}.h by tools/build/protocols.py.
 *
 * Clients call {name}_OPERATION(). A server defines PROTOCOL_{name.upper()}_SERVER before it includes
 * this, writes a function {name}_serve_OPERATION() for each operation, and passes {name}_dispatch() to
 * protocol_serve(). docs/protocols.md describes the operations.
 */
#pragma once

#include "lib/error.h"
#include "user/lib/protocol.h"
#include "{FOLDER}/{name}.h"
"""]
    lines += [client_stub(protocol, operation) for operation in protocol.operations]
    lines.append(f"\n#ifdef PROTOCOL_{name.upper()}_SERVER\n")
    lines += [f"static int64_t {name}_serve_{operation.name}({server_parameters(operation)});\n"
              for operation in protocol.operations]
    lines.append(f"""
/* The protocol_dispatch of this protocol. */
static inline int64_t {name}_dispatch(struct protocol_request *request)
{{
    switch (request->label) {{
""")
    lines += [server_case(protocol, operation) for operation in protocol.operations]
    lines.append("    default:\n        return ERROR_UNSUPPORTED;\n    }\n}\n#endif\n")
    return "".join(lines)


PAGE_HEAD = """# Protocols of the servers

A server receives calls from an endpoint. The label of the message's tag is 256 times the number of the protocol
plus the number of the operation. The values are in the words of the message, in their order; bytes and a handle
come in the message buffer. In the answer the first word is the status, which is negative for an error of
`lib/error.h`, and the values of the result follow it. After an error there is no result. A label that the
server does not know gives `ERROR_UNSUPPORTED`, and a message with a handle where the operation takes none, or
without one where it takes one, `ERROR_INVALID`. If the server ends before it answers, the client gets
`ERROR_PEER_DIED`.

`user/protocol/` has the list of each protocol; `user/protocol/protocol.h` says how one is written. From the list
come the stubs that clients call and the dispatch of the server, a header in `build/include/user/`, and this page,
by `make protocols-page`.
"""


def parts_text(parts, word):
    """Returns the lines of the page for arguments or results."""
    kinds = {"value": "a number", "bytes": "up to 4,096 bytes", "handle": "a handle"}
    return [f"\n- {word} `{name}`: {text or kinds[kind]}" +
            (f" ({kinds[kind]})" if text else "") for name, kind, text in parts]


def page(protocols):
    """Returns the reference page."""
    lines = [PAGE_HEAD]
    for protocol in protocols:
        lines.append(f"\n## {protocol.number}: {protocol.name}\n\n{protocol.sentence}\n")
        for operation in protocol.operations:
            lines.append(f"\n### {protocol.name}, {operation.number}: {operation.name}\n\n"
                         f"{operation.sentence}\n")
            about = parts_text(operation.arguments, "takes") + \
                parts_text(operation.results, "gives") + \
                [f"\n- `ERROR_{error}`" for error in operation.errors]
            lines += about + (["\n"] if about else [])
    return "".join(lines)


def main(arguments):
    """Writes what the command line names."""
    try:
        if len(arguments) == 3 and arguments[0] == "stubs":
            write(arguments[2], stubs(read_protocol(arguments[1])))
        elif arguments == ["page"]:
            write(os.path.join(ROOT, PAGE), page(read_protocols()))
        else:
            sys.exit(__doc__)
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
