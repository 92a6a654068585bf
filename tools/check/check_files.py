#!/usr/bin/env python3
"""Checks that every source file begins with a comment about its purpose. Also checks that every
shell script is for bash and stops at the first failing command, variable or pipe.

A file of more than 400 lines gets a warning, because it probably holds more than one idea.
"""

import os
import re

import tree

LONG_LINES = 400
OPENINGS = {
    (".c", ".h", ".ld"): re.compile(r"\s*(/\*(?:(?!\*/).)*?\w|//.*\w)", re.DOTALL),
    (".asm", ".inc"): re.compile(r"\s*;.*\w"),
    (".mk", ".sh", ".cfg", ".yml"): re.compile(r"(#!.*\n)?\s*#(?!!).*\w"),
    (".py",): re.compile(r'(#.*\n)*\s*"""\s*\w'),
}


def opening(root, name):
    """Returns the pattern that the beginning of this file must match, or None."""
    for suffixes, pattern in OPENINGS.items():
        if name.endswith(suffixes):
            return pattern
    base = os.path.basename(name)
    if base == "Makefile":
        return OPENINGS[(".mk", ".sh", ".cfg", ".yml")]
    if "." not in base.lstrip("."):
        first = tree.read(root, name).split("\n", 1)[0]
        if first.startswith("#!"):
            kind = ".py" if "python" in first else ".sh"
            return next(pattern for suffixes, pattern in OPENINGS.items() if kind in suffixes)
    return None


def script_complaint(name, text):
    """Returns what is wrong with a shell script, or None."""
    first = text.split("\n", 1)[0]
    if not first.startswith("#!") or not first.endswith("sh"):
        return None
    if first != "#!/usr/bin/env bash" or not re.search(r"^set -euo pipefail$", text, re.MULTILINE):
        return f"{name}: a script begins with #!/usr/bin/env bash and has set -euo pipefail"
    return None


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    complaints = []
    for name in tree.files(root):
        pattern = opening(root, name)
        if pattern is None:
            continue
        text = tree.read(root, name)
        if not pattern.match(text):
            complaints.append(f"{name}: does not open with a comment")
        if script_complaint(name, text):
            complaints.append(script_complaint(name, text))
        count = text.count("\n")
        if count > LONG_LINES:
            print(f"warning: {name}: {count} lines; does it hold more than one idea?")
    tree.finish(complaints)


if __name__ == "__main__":
    main()
