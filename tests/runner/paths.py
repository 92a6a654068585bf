"""Where things lie, and how they are built: the runner builds through `make`, and only so."""

import hashlib
import os
import subprocess
import threading

BUILDS = ("release", "invariant", "ubsan", "O0", "lost")
# What an outer make exports and an inner one must not take for its own.
NOT_FOR_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "VARIANT", "CMDLINE", "ISO")


class BuildError(Exception):
    """make failed; the text is the end of what it said."""


class Paths:
    """All paths of one run, from the repository's root."""

    def __init__(self, root, build=None, jobs=1):
        self.root = root
        self.jobs = jobs
        self.build = build or os.path.join(root, "build")
        self.results = os.path.join(self.build, "test")
        self.qemu = os.environ.get("QEMU", "qemu-system-x86_64")
        self.bochs = "bochs"
        self.fred_bochs = os.environ.get("BOCHS", "")
        self._making = threading.Lock()  # two at once would make the same file twice

    def kernel(self, build):
        """The ELF file of a build."""
        return os.path.join(self.build, build, "kernel.elf")

    def stack_bounds(self, build):
        """How deep each stack of a build can get, as tools/build/stack_bounds.py computed it."""
        return os.path.join(self.build, build, "stack-bounds.json")

    def iso(self, row):
        """The ISO with this row's kernel and command line; rows with the same ones share it."""
        digest = hashlib.sha256(row.full_cmdline.encode()).hexdigest()[:12]
        return os.path.join(self.results, "iso", f"{row.build}-{digest}.iso")

    def row_directory(self, name):
        """A directory for what a row leaves behind; created."""
        path = os.path.join(self.results, name)
        os.makedirs(path, exist_ok=True)
        return path

    def make(self, *arguments):
        """Runs make in the root with these arguments, one at a time."""
        environment = {key: value for key, value in os.environ.items()
                       if key not in NOT_FOR_MAKE}
        with self._making:
            done = subprocess.run(["make", "-C", self.root, "--no-print-directory",
                                   f"-j{self.jobs}", *arguments],
                                  env=environment, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            tail = "\n".join(done.stdout.splitlines()[-40:])
            raise BuildError(f"make {' '.join(arguments)} failed:\n{tail}")
        return done.stdout

    def make_files(self, goals):
        """Builds files, given as paths or lists of paths."""
        flat = [path for goal in goals for path in ([goal] if isinstance(goal, str) else goal)]
        self.make(*(os.path.relpath(path, self.root) for path in sorted(flat)))

    def make_iso(self, row):
        """Makes the ISO that a row boots."""
        self.make("iso", f"VARIANT={row.build}", f"CMDLINE={row.full_cmdline}",
                  f"ISO={os.path.relpath(self.iso(row), self.root)}")
