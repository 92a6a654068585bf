"""What the checks share: the files of the tree, text without comments, and how a check ends.

A check is called with the root as its only argument (default: the repository it lies in), prints
one line for each complaint, and ends with 0 (nothing to complain of), 1, or 77 (cannot check
here; the last line says why).
"""

import os
import re
import subprocess
import sys

SKIP_STATUS = 77
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def root_from_arguments():
    """The tree to check."""
    here = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    return os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else here


def files(root, *suffixes):
    """Sorted paths, relative to the root, of the tree's own files with one of the suffixes.

    In a git work tree these are the files that git knows or would take, else all but what is built.
    """
    if os.path.exists(os.path.join(root, ".git")):
        done = subprocess.run(["git", "-C", root, "ls-files", "-z", "-c", "-o",
                               "--exclude-standard"], check=True, stdout=subprocess.PIPE)
        names = {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}
        names = {name for name in names if os.path.isfile(os.path.join(root, name))}
    else:
        names = set()
        for directory, below, found in os.walk(root):
            skipped = ("build", ".git", ".cache") if directory == root else ()
            below[:] = [name for name in below if name not in (*skipped, "__pycache__")]
            names.update(os.path.relpath(os.path.join(directory, name), root) for name in found)
    return sorted(name for name in names if not suffixes or name.endswith(suffixes))


def read(root, name):
    """The text of a file."""
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def without_c_comments(text):
    """C text with its comments blanked; line numbers and strings stay."""
    def blank(match):
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found.startswith("/") else found
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text,
                  flags=re.DOTALL)


def finish(complaints):
    """Prints the complaints and ends the check."""
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


def skip(reason):
    """Ends the check as one that could not be made."""
    print(reason)
    sys.exit(SKIP_STATUS)
