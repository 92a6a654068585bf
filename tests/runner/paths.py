"""Gives the paths of kernels, ISOs and results, and builds them. All builds go through `make`."""

import contextlib
import fcntl
import hashlib
import os
import subprocess

BUILDS = ("release", "invariant", "ubsan", "O0", "lost")
# Variables that an outer make exports and that an inner make must not inherit. The Makefile takes
# its own variables from the command line only, so no others matter.
NOT_FOR_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL")


class BuildError(Exception):
    """make failed. The text is the end of its output."""


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

    def kernel(self, build):
        """Returns the path of a build's ELF file."""
        return os.path.join(self.build, build, "kernel.elf")

    @property
    def archive(self):
        """Returns the path of the archive of user programs, which every machine is given."""
        return os.path.join(self.build, "boot.tar")

    def stack_bounds(self, build):
        """Returns the path of a build's stack bounds (from tools/build/stack_bounds.py)."""
        return os.path.join(self.build, build, "stack-bounds.json")

    def iso(self, row):
        """Returns the path of the row's ISO. Rows with equal kernel and command line share it."""
        digest = hashlib.sha256(row.full_cmdline.encode()).hexdigest()[:12]
        return os.path.join(self.results, "iso", f"{row.build}-{digest}.iso")

    def row_directory(self, name):
        """Creates and returns the directory for a row's files."""
        path = os.path.join(self.results, name)
        os.makedirs(path, exist_ok=True)
        return path

    def make_command(self, *arguments):
        """Returns the make command for these goals, with this run's own variables."""
        return ["make", "-C", self.root, "--no-print-directory", *self.words, *arguments]

    @staticmethod
    def make_environment(**more):
        """Returns the environment for the make command."""
        kept = {key: value for key, value in os.environ.items() if key not in NOT_FOR_MAKE}
        return {**kept, **more}

    @contextlib.contextmanager
    def making(self):
        """Keeps other threads and processes from running make, because two makes at once would build
        the same file twice."""
        os.makedirs(self.build, exist_ok=True)
        with open(os.path.join(self.build, "make.lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def make(self, *arguments):
        """Runs make in the root with these arguments. Only one make runs at a time."""
        with self.making():
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
