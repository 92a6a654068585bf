#!/usr/bin/env python3
"""Checks the links between the documents: the file and the heading after a '#' must exist.

Links to other sites are not followed. Text in code blocks does not count as a link.
"""

import os
import re

import tree

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)


def anchors(text):
    """Returns the anchors that repository web pages give to a document's headings."""
    found = set()
    for heading in HEADING.findall(tree.FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


def complaint(root, name, link):
    """Returns what is wrong with one link of a document, or None."""
    if re.match(r"[a-z]+:", link):
        return None
    path, _, anchor = link.partition("#")
    target = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
    if not os.path.exists(os.path.join(root, target)):
        return f"there is no {target}"
    if anchor and anchor not in anchors(tree.read(root, target)):
        return f"{target} has no heading for #{anchor}"
    return None


def main():
    """Checks all documents."""
    root = tree.root_from_arguments()
    complaints = []
    for name in tree.files(root, ".md"):
        text = re.sub(r"`[^`\n]*`", "", tree.FENCE.sub("", tree.read(root, name)))
        for link in LINK.findall(text):
            wrong = complaint(root, name, link)
            if wrong:
                complaints.append(f"{name}: ({link}): {wrong}")
    tree.finish(complaints)


if __name__ == "__main__":
    main()
