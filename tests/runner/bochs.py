"""Runs Bochs without a display and reads its serial line from a file; a script's machine has a terminal there,
which is read and typed at.

The exit status of Bochs does not depend on the kernel. A boot succeeds if its KTAP is complete and
the kernel ended the machine through port 0x8900. Bochs has no QMP. The runner examines a hung
machine with Bochs's own debugger, which starts when Bochs receives an interrupt signal.
"""

import os
import re
import signal
import subprocess
import time
import tty

from . import elf
from .machine import Machine

CONFIGURATION = """\
config_interface: textconfig
display_library: {display}
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model={model}, count={cpus}, ips=50000000, reset_on_triple_fault=0
memory: guest={memory}, host={memory}
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path="{iso}", status=inserted
boot: cdrom
com1: enabled=1, mode={serial_mode}, dev="{serial}"
{sound}clock: sync=none, time0=1735689600
log: "{log}"
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
magic_break: enabled=0
"""

# A Bochs from another build may have neither a VNC display nor sound.
SOUND = "sound: driver=dummy\nspeaker: enabled=0\n"

NOISE = re.compile(r"(MM|VMM)\[|K\d:|MXCSR|ssp:")
STACK_WORD = re.compile(r"\[0x([0-9a-f]{8}):0x([0-9a-f]{8})\]")
CODE_ADDRESS = re.compile(r":([0-9a-f]{16}) \(|rip: ([0-9a-f]{8})_([0-9a-f]{8})")
FRED_MODEL = "wildcat_lake"
HELP_SECONDS = 300  # Bochs answers at once unless it hangs
ENDED = "Shutdown port: shutdown requested"


def asked(program, *arguments):
    """Returns (the program's help text, the reason why there is none)."""
    try:
        done = subprocess.run([program, "-q", "--help", *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=HELP_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return done.stdout.decode(errors="replace"), ""


def debugger_options(program, commands):
    """Returns the options that start this Bochs in its debugger, which reads the file `commands`.

    Bochs 2.7 has a debugger, which is always on. From 3.0 on the option -debugger turns it on. Without
    it such a Bochs has a fault with several CPUs (docs/bochs.md, Execute breakpoints): it does not get
    past an execute breakpoint.
    """
    text = asked(program)[0]
    if "-rc" not in text:
        return []
    return ["-debugger"] * ("-debugger" in text) + ["-rc", commands]


class Bochs(Machine):
    """A Bochs that boots the ISO as a CD."""

    def __init__(self, row, paths):
        super().__init__(row, paths)
        self._log = os.path.join(self.directory, "bochs.log")
        self._serial = os.path.join(self.directory, "bochs-serial.out")
        self._position = 0
        self._answers = b""
        self._terminal = None  # the runner's end of a pair of pseudo-terminals; Bochs has the other
        if row.kind == "script":
            self._terminal, other = os.openpty()
            tty.setraw(other)
            os.set_blocking(self._terminal, False)
            self._serial = os.ttyname(other)

    def command(self):
        configuration = os.path.join(self.directory, "bochsrc")
        commands = os.path.join(self.directory, "debugger")
        program = self.paths.fred_bochs if self.row.fred else self.paths.bochs
        model = self.row.cpu or (FRED_MODEL if self.row.fred else "tigerlake")
        for path in (self._log, *([self._serial] if self._terminal is None else [])):
            if os.path.exists(path):
                os.unlink(path)
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(
                model=model, cpus=self.row.cpus, log=self._log,
                display="nogui" if self.row.fred else 'rfb, options="timeout=0"',
                sound="" if self.row.fred else SOUND,
                memory=self.row.memory_mib, iso=self.paths.iso(self.row), serial=self._serial,
                serial_mode="file" if self._terminal is None else "term"))
        with open(commands, "w", encoding="utf-8") as file:
            file.write("c\n")
        return [program, "-q", "-f", configuration, *debugger_options(program, commands)]

    def read_bytes(self, timeout_seconds):
        """Returns serial output. The file has no end mark, so the output ends when Bochs ends."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            over = self.process.poll() is not None
            self._drain()
            data = self._tail()
            if data:
                return data
            if over:
                return None
            if time.monotonic() >= deadline:
                return b""
            time.sleep(0.1)

    def send(self, text):
        """Types at the terminal."""
        os.write(self._terminal, text.encode())

    def _tail(self):
        if self._terminal is not None:
            try:
                return os.read(self._terminal, 65536)
            except (BlockingIOError, OSError):  # nothing has come, or Bochs has ended
                return b""
        try:
            with open(self._serial, "rb") as file:
                file.seek(self._position)
                data = file.read()
        except FileNotFoundError:
            return b""
        self._position += len(data)
        return data

    def _drain(self):
        """Reads Bochs's own output, so that the pipe does not fill."""
        while True:
            data = super().read_bytes(0)
            if not data:
                return
            self._answers = (self._answers + data)[-65536:]

    def interrogate(self):
        """Notes the registers and the stack of every CPU, as Bochs's debugger shows them."""
        self._drain()
        self._answers = b""
        self.process.send_signal(signal.SIGINT)
        time.sleep(1)
        try:
            super().send("info cpu\nprint-stack 24\n")  # to the debugger, not to the serial line
        except BrokenPipeError:  # some versions end at the signal
            return False
        time.sleep(2)
        self._drain()
        answers = self._answers.decode("utf-8", errors="replace")
        self.reader.lines += [self._with_symbol(line) for line in answers.splitlines()
                              if line.strip() and not NOISE.match(line)]
        return True

    def _with_symbol(self, line):
        """Returns the line with function names added to its kernel addresses."""
        match = STACK_WORD.search(line) or CODE_ADDRESS.search(line)
        name = match and elf.function_at(self.paths.kernel(self.row.build),
                                         int("".join(filter(None, match.groups())), 16))
        return f"{line}  {name}" if name else line

    def log_text(self):
        """Returns Bochs's log so far."""
        try:
            with open(self._log, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def ended_itself(self):
        return ENDED in self.log_text()

    def triple_fault(self):
        return "3rd (" in self.log_text()

    def emulator_words(self):
        grave = re.findall(r"^\d+[pe]\[.*$", self.log_text(), re.MULTILINE)
        return " / ".join(grave[-4:]) or f"status {self.process.poll()}"
