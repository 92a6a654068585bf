#!/usr/bin/env python3
"""Checks the lists of the servers' protocols, user/protocol/*.h, and docs/protocols.md.

Each list can be read, its numbers are dense, and its errors exist in lib/error.h. The page is what the
lists say; `make protocols-page` repairs it. The server of each protocol defines a function
NAME_serve_OPERATION() for each operation; the compiler checks that.
"""

import os
import re
import sys

import tree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "build"))
import protocols  # noqa: E402  # pylint: disable=wrong-import-position


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    if not os.path.isdir(os.path.join(root, protocols.FOLDER)):
        tree.finish([])
    try:
        found = protocols.read_protocols(root)
    except ValueError as error:
        tree.finish([str(error)])
    errors = set(re.findall(r"\bERROR_(\w+)", tree.read(root, "lib/error.h")))
    complaints = [f"{protocols.FOLDER}/{protocol.name}.h: {operation.name}: lib/error.h has no"
                  f" ERROR_{error}" for protocol in found for operation in protocol.operations
                  for error in operation.errors if error not in errors]
    if len({protocol.number for protocol in found}) != len(found):
        complaints.append(f"{protocols.FOLDER}: two protocols have one number")
    have = tree.read(root, protocols.PAGE) if protocols.PAGE in tree.files(root) else ""
    if have != protocols.page(found):
        complaints.append(f"{protocols.PAGE}: is not what {protocols.FOLDER} says; try:"
                          " make protocols-page")
    tree.finish(complaints)


if __name__ == "__main__":
    main()
