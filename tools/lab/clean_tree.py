"""A clean tree of the teachers, into which a submission's regions are put, and nothing else of it.

Makefile, linker script, tests and all code outside of regions are this tree's. The tree is kept from one
submission to the next, and objects are shared with this tree's own build, so that only what a
submission changes is compiled.
"""

import os
import shutil

from runner.paths import Paths

from . import carry, checked, course, regions, write
import tree  # of tools/check

BODY_BYTES_MOST = 100_000
SHARED = ("release", "user", "include", "boot.tar")


class CleanTree:
    """One such tree."""

    def __init__(self, root, path, words=(), jobs=1):
        self.root, self.path = root, path
        self.labs = course.labs(root)
        self.digests = {number: checked.digest_of(lab) for number, lab in self.labs.items()}  # as they were read
        names = [name for name in tree.files(root)
                 if write.is_given(name) and not name.endswith((".png", ".ico"))]
        self.texts = write.read_texts(root, names)
        self.found = regions.of_tree(self.texts)
        # A submission's warnings are no errors.
        words = [word for word in words if not word.startswith("CI=")]
        self.paths = Paths(path, jobs=jobs, words=words)
        if not os.path.exists(os.path.join(path, "Makefile")):
            write.write_tree(root, self.texts, path)
            share_objects(root, path, "")
        for name in set(carry.tree_texts(path)) - set(self.texts):
            os.unlink(os.path.join(path, name))  # of an older state of this tree

    def solution(self, lab):
        """Returns {key: body} of the solution of a lab."""
        return {key: region.body for key, (_, region) in self.found.items() if key[0] == lab.number}

    def skeleton(self, lab):
        """Returns {key: body} of the stubs of a lab."""
        return {key: course.stub(lab, key[1]) for key in self.solution(lab)}

    def put(self, lab, bodies):
        """Puts bodies into the regions of this tree. Regions that are not graded are stubs."""
        allowed = {key: body for key, body in bodies.items()
                   if key in self.found and len(body) <= BODY_BYTES_MOST}
        allowed.update({(lab.number, name): course.stub(lab, name) for name in lab.unwritten})
        for name, text in self.texts.items():
            wanted = regions.replaced(text, allowed, name) if name.endswith(regions.SUFFIXES) else text
            target = os.path.join(self.path, name)
            if not os.path.exists(target):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(os.path.join(self.root, name), target)
            with open(target, encoding="utf-8", newline="") as file:
                if file.read() == wanted:
                    continue
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.write(wanted)


def share_objects(root, path, warnings):
    """Copies what this tree has built, with its times, for builds with `warnings`: "-Werror" or ""."""
    for name in SHARED:
        source, target = os.path.join(root, "build", name), os.path.join(path, "build", name)
        if os.path.isdir(source):
            shutil.copytree(source, target, symlinks=True)
        elif os.path.exists(source):
            shutil.copy2(source, target)
    keep_objects(root, path, warnings)


def keep_objects(root, path, warnings):
    """Lets a tree with objects of `root`, or of its own, be built with `warnings` without compiling all anew: the
    flags, which decide that, get the name of the tree and the word. Objects are the same with both."""
    for name in ("release", "user"):
        flags = os.path.join(path, "build", name, "flags")
        if os.path.exists(flags):
            status = os.stat(flags)
            with open(flags, encoding="utf-8") as file:
                text = file.read()
            with open(flags, "w", encoding="utf-8") as file:
                text = text.replace(f"'{root}=.'", f"'{path}=.'").replace(" -Werror -I.", "  -I.")
                file.write(text.replace("  -I.", f" {warnings} -I."))
            os.utime(flags, ns=(status.st_atime_ns, status.st_mtime_ns))
