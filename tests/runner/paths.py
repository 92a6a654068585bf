"""Where things lie, and how they are built: the runner builds through `make`, and only so."""

import hashlib
import os
import subprocess
import threading

BUILDS = ("release", "invariant", "ubsan", "O0", "lost")
# What an outer make exports and an inner one must not take for its own. The Makefile's words come
# from the command line alone, so no others matter.
NOT_FOR_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL")


class BuildError(Exception):
    """make failed; the text is the end of what it said."""


class Paths:
    """All paths of one run, from the repository's root."""

    def __init__(self, root, build=None, jobs=1, words=()):
        self.root = root
        self.jobs = jobs
        self.words = list(words)  # such as CC=clang, for every make
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

    def make_command(self, *arguments):
        """The command that makes these goals in the root, with the words that this run was given."""
        return ["make", "-C", self.root, "--no-print-directory", *self.words, *arguments]

    @staticmethod
    def make_environment(**more):
        """The environment for that command."""
        kept = {key: value for key, value in os.environ.items() if key not in NOT_FOR_MAKE}
        return {**kept, **more}

    def make(self, *arguments):
        """Runs make in the root with these arguments, one at a time."""
        with self._making:
            done = subprocess.run(self.make_command(f"-j{self.jobs}", *arguments),
                                  env=self.make_environment(), stdin=subprocess.DEVNULL, text=True,
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
