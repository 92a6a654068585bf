"""One row of the matrix: a machine, a kernel, a command line, and the expected result.

A kind of row says how its output is judged (see judge.py):
  suite   KTAP; every test of the kernel that the row's patterns select must report
  boot    comes up, prints every line of `expect`, in order if `ordered`, and leaves with success
  panic   ends in a panic whose text has every line of `expect` in order; each of `before` comes
          ahead of it
  lesson  a kernel built wrong on purpose: prints `expect`, leaves with `status`
  script  a Python file below tests/boot/ that talks to the machine (see machine.py)
"""

from dataclasses import dataclass

SUCCESS = 33
TESTS_FAILED = 35
PANICKED = 37

KINDS = ("suite", "boot", "panic", "lesson", "script")
BOOTS = ("pvh", "bios-cd", "bios-usb", "uefi-cd", "uefi-usb")
EMULATORS = ("qemu", "bochs")


@dataclass(frozen=True)
class Row:
    """Fields with a unit have it in their name. The defaults describe the usual row."""

    name: str
    kind: str = "suite"
    emulator: str = "qemu"
    boot: str = "pvh"
    build: str = "release"
    compiler: str = ""  # a compiler other than the usual one, such as clang
    machine: str = "pc"
    cpu: str = ""
    cpus: int = 2
    memory_mib: int = 256
    cmdline: str = ""
    tests: str = "*"
    expect: tuple = ()
    before: tuple = ()
    ordered: bool = True
    forbid: tuple = ()
    status: int = None
    script: str = ""
    gdb: bool = False
    archive: bool = True  # the boot loader passes the user programs
    fred: bool = False  # runs only in the Bochs that the variable BOCHS names, if it has FRED
    extra: tuple = ()
    budget_seconds: int = 60
    limit_seconds: int = 600
    silence_seconds: int = 180
    quick: bool = False
    rotates: str = ""  # of the rows with the same word here, a run of all rows takes one, by turns
    one_core: bool = False  # all virtual CPUs share one core of the host

    def __post_init__(self):
        assert self.kind in KINDS, f"{self.name}: kind {self.kind}"
        assert self.boot in BOOTS, f"{self.name}: boot {self.boot}"
        assert self.emulator in EMULATORS, f"{self.name}: emulator {self.emulator}"
        if self.kind in ("boot", "panic", "lesson"):
            assert self.expect, f"{self.name}: a row of kind {self.kind} must expect some line"
        assert self.archive or not self.from_iso, f"{self.name}: every ISO has the user programs"
        if self.emulator == "bochs":
            assert self.boot == "bios-cd", f"{self.name}: Bochs boots the CD"
            assert self.memory_mib <= 2048, f"{self.name}: Bochs has 2048 MiB at most"
        assert not self.compiler or self.kind == "suite" and not self.from_iso, \
            f"{self.name}: another compiler's kernel boots by PVH and runs the suite"
        assert not self.fred or self.emulator == "bochs", f"{self.name}: only Bochs has FRED"
        if self.kind == "script":
            assert self.script, f"{self.name}: a script row names its script"

    @property
    def from_iso(self):
        """Returns whether this row boots the ISO, which has a fixed command line."""
        return self.boot != "pvh"

    @property
    def expected_status(self):
        """Returns the emulator's exit status on success. The status of Bochs has no meaning."""
        if self.status is not None:
            return self.status
        return PANICKED if self.kind == "panic" else SUCCESS

    @property
    def full_cmdline(self):
        """Returns the kernel's command line."""
        words = []
        if self.kind in ("suite", "lesson"):
            words.append(f"test={self.tests}")
        if self.kind != "script":
            words.append("exit=1")
        if self.cmdline:
            words.append(self.cmdline)
        return " ".join(words)


def status_in_words(status, triple_fault=False):
    """Returns the meaning of a QEMU exit status in words."""
    if status == SUCCESS:
        return "33: the kernel reports success"
    if status == TESTS_FAILED:
        return "35: the kernel reports failed tests"
    if status == PANICKED:
        return "37: the kernel panicked"
    if status == 0 and triple_fault:
        return "0: triple fault (QEMU's log has the registers)"
    if status == 0:
        return ("0: the machine was reset or switched off without a word from the kernel,"
                " most likely a triple fault")
    if status is None:
        return "none: the emulator was still running"
    if status < 0:
        return f"{status}: the emulator was killed by signal {-status}"
    return f"{status}: the emulator itself failed"
