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
MADE = ("build", ".git", ".cache", "compile_commands.json")  # in the root, and no source
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def root_from_arguments():
    """The tree to check."""
    here = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    return os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else here


def git_files(root):
    """The paths that git knows or would take, or None if it cannot tell them."""
    if not os.path.exists(os.path.join(root, ".git")):
        return None
    try:
        done = subprocess.run(["git", "-C", root, "ls-files", "-z", "-c", "-o", "--exclude-standard"],
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    names = {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}
    return {name for name in names if os.path.isfile(os.path.join(root, name))}


def files(root, *suffixes):
    """Sorted paths, relative to the root, of the tree's own files with one of the suffixes.

    In a git work tree these are the files that git knows or would take. Where there is no git work
    tree, or git is missing, or refuses a tree of another user, they are all but what is built.
    """
    names = git_files(root)
    if names is None:
        names = set()
        for directory, below, found in os.walk(root):
            made = MADE if directory == root else ()
            below[:] = [name for name in below if name not in (*made, "__pycache__")]
            names.update(os.path.relpath(os.path.join(directory, name), root) for name in found
                         if name not in made)
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
