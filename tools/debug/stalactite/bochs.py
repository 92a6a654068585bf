"""Controls Bochs's debugger: sends commands, reads answers, reads the kernel's memory.

It works with the debuggers of Bochs 2.7 (Debian 12) and 3.x (Debian 13).
"""

import bisect
import os
import re
import select
import subprocess
import sys
import tempfile
import time

from .memory import Memory, MemoryFault

TOOLS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(TOOLS, "build"))
import symbols  # noqa: E402  pylint: disable=wrong-import-position

PROMPT = re.compile(r"<bochs:(\d+)> $")
ANSWER_SECONDS = 900  # a longer wait is a hang, even on a busy machine
WORD = re.compile(r"0x([0-9a-f]{8})\b")
NEXT = re.compile(r"^\(\d+\) \[[^\]]*\] \w+:([0-9a-f]{16}) \(.*?\): (.*?)\s*(?:; [0-9a-f]+)?$",
                  re.MULTILINE)


class BochsError(Exception):
    """Bochs does not start, has ended, or gives an unknown answer."""


def debugger_option(program):
    """Returns the option that starts Bochs in its debugger. 2.7 needs none, 3.x does."""
    try:
        done = subprocess.run([program, "--help"], stdin=subprocess.DEVNULL, check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    except OSError as error:
        raise BochsError(f"{program} cannot be started ({error.strerror}): `make doctor` says which"
                         " package has it") from error
    return ["-debugger"] if re.search(r"^\s*-debugger\b", done.stdout, re.MULTILINE) else []


FRED_CPU = "wildcat_lake"  # the model that has FRED
SOUND = re.compile(r"^#[^\n]*\nsound:[^\n]*\n", re.MULTILINE)  # with the comment above it


class Debugger:
    """A Bochs stopped in its debugger. As a context manager it ends Bochs. With `fred` the machine has FRED, and what
    a Bochs that somebody built for it may lack is left out: the screen for VNC, and the sound driver."""

    def __init__(self, iso, template, program="bochs", fred=False, memory_mib=256):
        self._directory = tempfile.TemporaryDirectory(prefix="stalactite-bochs-")
        self.serial = os.path.join(self._directory.name, "serial.txt")
        self._log = os.path.join(self._directory.name, "log.txt")
        configuration = os.path.join(self._directory.name, "bochsrc")
        with open(template, encoding="utf-8") as file:
            text = file.read()
        text = SOUND.sub("", text) if fred else text
        for word, value in (("ISO", iso), ("CPU", FRED_CPU if fred else "tigerlake"), ("SMP", "1"),
                            ("MEM", str(memory_mib)), ("SERIAL", self.serial),
                            ("SCREEN", "nogui" if fred else 'rfb, options="timeout=0"'),
                            ("LOG", self._log)):
            text = text.replace(f"@{word}@", value)
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(text)
        self._process = subprocess.Popen(
            [program, "-q", *debugger_option(program), "-f", configuration],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        self._text = ""
        self._number = 0
        self._await_prompt()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Ends Bochs in any state."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._directory.cleanup()

    def command(self, text):
        """Sends a command and returns the output up to the next prompt."""
        try:
            self._process.stdin.write(text.encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise BochsError(f"Bochs ended before: {text}\n{self._last_words()}") from error
        answer = self._await_prompt()
        first, newline, rest = answer.partition("\n")
        return rest if newline and first.strip() == text.strip() else answer

    def _await_prompt(self):
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            match = PROMPT.search(self._text)
            if match and int(match.group(1)) > self._number:
                self._number = int(match.group(1))
                answer, self._text = self._text[:match.start()], ""
                return answer.replace("\r", "")
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, left))
            if not ready:
                raise BochsError(f"Bochs says nothing for {ANSWER_SECONDS} s:\n"
                                 f"{self._last_words()}")
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                raise BochsError(f"Bochs ended:\n{self._last_words()}")
            self._text += data.decode("latin-1")

    def _last_words(self):
        lines = self._text.splitlines()[-12:]
        try:
            with open(self._log, encoding="latin-1") as file:
                lines += [line.rstrip() for line in file.readlines()
                          if re.match(r"\d+[pe]\[", line)][-4:]
        except OSError:
            pass
        return "\n".join(lines)

    # Running and stopping.

    def go_to(self, *addresses):
        """Runs until one of these instructions is about to be executed. Returns its address."""
        for address in addresses:
            answer = self.command(f"lb {address:#x}")
            if "rror" in answer:
                raise BochsError(f"lb {address:#x}: {answer.strip()}")
        self.go()
        rip = self.rip()
        if rip not in addresses:
            raise BochsError(f"stopped at {rip:#x} instead of {addresses[0]:#x}")
        known = self.command("info break")
        for number in re.findall(r"^\s*(\d+) lbreakpoint", known, re.MULTILINE):
            self.command(f"d {number}")
        return rip

    def go(self):
        """Runs until something stops it."""
        return self.command("c")

    def go_to_tick(self, tick):
        """Runs until this many ticks after the machine was switched on."""
        self.command(f"sba {tick}")
        self.go()
        if self.ticks() != tick:
            raise BochsError(f"stopped at tick {self.ticks()} instead of {tick}")

    def step(self):
        """Executes one instruction. Returns the address and the text of the next one."""
        return self._next(self.command("s"))

    @staticmethod
    def _next(answer):
        found = NEXT.findall(answer)
        if not found:
            raise BochsError(f"where did it stop? {answer.strip()}")
        return int(found[-1][0], 16), found[-1][1]

    # Reading the state.

    def ticks(self):
        """Returns the ticks since power-on. One tick is one instruction of one processor."""
        match = re.search(r"ptime: (\d+)", self.command("ptime"))
        if not match:
            raise BochsError("ptime: no answer")
        return int(match.group(1))

    def parameter(self, name):
        """Returns a number of the processor's state, as `show "cpu0.NAME"` prints it."""
        answer = self.command(f'show "cpu0.{name}"')
        match = re.search(r"^\s*\w+ = (0x[0-9a-f]+|\d+)", answer, re.MULTILINE)
        if not match:
            raise BochsError(f"this Bochs has no parameter {name}: {answer.strip()}")
        return int(match.group(1), 0)

    def registers(self):
        """Returns {name: value} of the general registers, rip and rflags."""
        answer = self.command("r")
        found = {name: int(high + low, 16) for name, high, low in re.findall(
            r"\b(r\w+)\s*:\s*([0-9a-f]{8})_([0-9a-f]{8})", answer)}
        flags = re.search(r"eflags:? (0x[0-9a-f]+)", answer)
        if "rip" not in found or "rsp" not in found or not flags:
            raise BochsError(f"registers? {answer.strip()}")
        found["rflags"] = int(flags.group(1), 16)
        return found

    def rip(self):
        """Returns the address of the next instruction."""
        return self.registers()["rip"]

    def instruction(self):
        """Returns the text and the length in bytes of the next instruction."""
        answer = self.command("u /1")
        match = re.search(r":\s*(\w[^;\n]*?)\s*; ([0-9a-f]+)\s*$", answer, re.MULTILINE)
        if not match:
            raise BochsError("u: no answer")
        return match.group(1), len(match.group(2)) // 2

    def bytes_at(self, command, address, count):
        """Returns memory by `x` (linear addresses) or `xp` (physical ones)."""
        begin = address & ~3
        words = (address + count - begin + 3) // 4
        answer = self.command(f"{command} /{words}wx {begin:#x}")
        data = b""
        for line in answer.splitlines():
            if re.match(r"0x[0-9a-f]{8,16} <", line):
                data += b"".join(int(word, 16).to_bytes(4, "little")
                                 for word in WORD.findall(line.split(":", 1)[1]))
        if len(data) != 4 * words:
            raise MemoryFault(f"{command} {address:#x}: {answer.strip() or 'nothing'}")
        return data[address - begin:address - begin + count]


class BochsMemory(Memory):
    """The machine's memory and control registers, read by its debugger."""

    def __init__(self, facts, debugger):
        super().__init__(facts)
        self.debugger = debugger

    def read(self, address, count):
        return self.debugger.bytes_at("x", address, count)

    def read_physical(self, address, count):
        return self.debugger.bytes_at("xp", address, count)

    def cr3(self):
        return self.debugger.parameter("CR3")


class Names:
    """The kernel's functions by address, from the symbol list beside each kernel."""

    def __init__(self, kernel):
        with open(os.path.join(os.path.dirname(kernel), "kernel.nm"), encoding="utf-8") as file:
            self._functions, self._end = symbols.functions(symbols.symbols(file))

    def address(self, name):
        """Returns the start of a function."""
        for address, known in self._functions:
            if known == name:
                return address
        raise BochsError(f"the kernel has no function {name}")

    def function(self, address):
        """Returns (start, name) of the function that an address lies in."""
        index = bisect.bisect_right(self._functions, (address, "\x7f")) - 1
        return self._functions[index] if 0 <= index and address < self._end else (address, "?")

    def place(self, address):
        """Returns an address as `function+0x12`."""
        start, name = self.function(address)
        return f"{name}+{address - start:#x}"
