#!/usr/bin/env python3
"""Checks that the kernel has no code of a line discipline, of files, of names or of a shell.

Those are servers in user mode (docs/shell.md). The check reads the names of the functions in the
release kernel, as the build lists them. SUBJECTS has the words of each subject. EXCEPTIONS are the
functions that have such a word and stay, each with its reason. A function that the compiler copied
into its callers has no name, so this finds a subject and not each line of it.
"""

import fnmatch
import os
import re

import tree

LISTING = os.path.join("build", "release", "kernel.nm")
SUBJECTS = {
    "a line discipline": r"discipline|termios|cooked|tty|editor|history|line_(begin|complete|copy|insert|replace)",
    "files": r"files?|inodes?|vfs|dir|directory|directories|mount|tar|path_(open|walk|look|resolve|split)",
    "names": r"names?_(find|publish|look|register|resolve|serve)|publish|lookup|registry|namespace",
    "a shell": r"shell|pipes?|statement|prompt|redirection",
}
EDITOR = "the monitor's editor, for the panic path"
EXCEPTIONS = {
    "editor_*": EDITOR,
    "line_complete": EDITOR,
    "line_copy": EDITOR,
    "line_editor_*": EDITOR,
    "line_history_*": EDITOR,
    "line_insert": EDITOR,
    "line_replace": EDITOR,
    "boot_directories": "page directories of the boot loader's page tables",
    "tar_*": "finds the first program in the boot archive",
    "program_shell_run": "starts the first program, and waits for it",
}
FUNCTION = re.compile(r"^[0-9a-f]+ [tT] (\w+)", re.MULTILINE)


def subject_of(name):
    """Returns the subject whose words a function's name has, or None."""
    for subject, words in SUBJECTS.items():
        if re.search(rf"(?:^|_)(?:{words})(?:_|$)", name):
            return subject
    return None


def main():
    """Checks the kernel that was built."""
    root = tree.root_from_arguments()
    if not os.path.exists(os.path.join(root, LISTING)):
        tree.skip(f"{LISTING} is not there: `make kernel` makes it")
    complaints = []
    for name in sorted(set(FUNCTION.findall(tree.read(root, LISTING)))):
        subject = subject_of(name)
        if subject and not any(fnmatch.fnmatchcase(name, pattern) for pattern in EXCEPTIONS):
            complaints.append(f"{LISTING}: the kernel has {name}(): code of {subject} belongs into a"
                              " program of user/")
    tree.finish(complaints)


if __name__ == "__main__":
    main()
