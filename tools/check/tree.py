"""The functions that the checks share: list files, remove comments, end a check.

A check takes the root as its only argument. The default is the repository that holds the check. It
prints one line for each complaint. Its exit status is 0 (no complaints), 1 (complaints), or 77
(cannot check here; the last line gives the reason).
"""

import os
import re
import subprocess
import sys

SKIP_STATUS = 77
MADE = ("build", ".git", ".cache", "compile_commands.json")  # in the root, not sources
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def root_from_arguments():
    """Returns the root of the tree to check."""
    here = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    return os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else here


def git_files(root):
    """Returns the paths that git tracks or would add, or None if git cannot list them."""
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
    """Returns the sorted paths, relative to the root, of source files with one of the suffixes.

    In a git work tree these are the files that git tracks or would add. Without a work tree or git,
    or if git refuses another user's tree, these are all files that the build did not make.
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
    """Returns the text of a file."""
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def without_c_comments(text):
    """Returns C text with its comments blanked. Line numbers and strings are unchanged."""
    def blank(match):
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found.startswith("/") else found
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text,
                  flags=re.DOTALL)


def finish(complaints):
    """Prints the complaints and ends the check with status 0 or 1."""
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


def skip(reason):
    """Ends the check with status 77, because it cannot run here."""
    print(reason)
    sys.exit(SKIP_STATUS)
