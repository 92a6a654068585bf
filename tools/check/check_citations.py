#!/usr/bin/env python3
"""Checks that the files and symbols cited by the documents exist.

Documents are the Markdown files, CAVEATS, everything in docs/, and models (.pml). They cite code as
`directory/file.c:symbol` in backticks. The file must exist, and the symbol must appear in it as a
word outside comments. A path alone in backticks must exist, too. Line numbers are refused, because
they become wrong. Files below build/ are generated and are not checked, nor are those below lab/, a
folder that only the trees of students have.
"""

import os
import re

import tree

NOT_HERE = ("build/", "lab/")
SPAN = re.compile(r"`([^`\n]+)`")
CITATION = re.compile(r"([\w.+-]+(?:/[\w.+-]+)*):([A-Za-z_]\w*|\d+)(?:\(\))?$")
PATH = re.compile(r"[\w.+-]+(?:/[\w.+-]+)+$")
CODE_SUFFIXES = (".c", ".h", ".asm", ".inc", ".ld", ".py", ".md", ".mk", ".sh", ".cfg")


def documents(root):
    """Returns the documents of the tree."""
    return [name for name in tree.files(root)
            if name.endswith((".md", ".pml")) or name.startswith("docs/") and name.endswith(".txt")
            or os.path.basename(name).startswith("CAVEATS")]


def code_only(name, text):
    """Returns the text without comments, if the kind of file is known."""
    if name.endswith((".c", ".h", ".ld")):
        return tree.without_c_comments(text)
    if name.endswith((".asm", ".inc")):
        return re.sub(r";[^\n]*", "", text)
    if name.endswith((".py", ".mk", ".sh", ".cfg")) or "." not in os.path.basename(name):
        return re.sub(r"(?m)(^|\s)#[^\n]*", "", text)
    return text


def complaint(root, text):
    """Returns what is wrong with one span in backticks, or None."""
    match = CITATION.match(text)
    if match:
        name, symbol = match.groups()
        known = "/" in name or name.endswith(CODE_SUFFIXES) or os.path.exists(
            os.path.join(root, name))
        if not known or name.startswith(NOT_HERE):
            return None
        if not os.path.isfile(os.path.join(root, name)):
            return f"no file {name}"
        if symbol.isdigit():
            return "line numbers rot; cite a symbol"
        if not re.search(rf"\b{symbol}\b", code_only(name, tree.read(root, name))):
            return f"no {symbol} in {name}"
    elif PATH.match(text) and text.endswith(CODE_SUFFIXES) and not text.startswith(NOT_HERE):
        if not os.path.exists(os.path.join(root, text)):
            return f"no file {text}"
    return None


def main():
    """Checks all documents."""
    root = tree.root_from_arguments()
    complaints = []
    for name in documents(root):
        text = tree.FENCE.sub(lambda match: "\n" * match.group(0).count("\n"), tree.read(root, name))
        for number, line in enumerate(text.splitlines(), 1):
            for span in SPAN.findall(line):
                wrong = complaint(root, span)
                if wrong:
                    complaints.append(f"{name}:{number}: `{span}`: {wrong}")
    tree.finish(complaints)


if __name__ == "__main__":
    main()
