"""Tests a user's session at the shell: a terminal at the second serial port, which the console server in user
mode drives. The monitor at the first one starts and ends it."""

import contextlib
import os
import re
import select
import shutil
import socket
import tempfile
import time

from runner.machine import MachineError

PROMPT = "stalactite$ "
PATIENCE_SECONDS = 60
UP, CONTROL_C, CONTROL_D, CONTROL_U = "\x1b[A", "\x03", "\x04", "\x15"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """The user's end of the second serial port."""

    def __init__(self, machine, path):
        self.machine = machine
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.text = ""  # what has come and was not matched yet

    def close(self):
        """Closes the port."""
        self.socket.close()

    def pump(self, seconds):
        """Reads what comes within a time, on both ports."""
        self.machine.drain()
        ready, _, _ = select.select([self.socket], [], [], seconds)
        if ready:
            self.text += self.socket.recv(65536).decode("ascii", "replace")
            self.text = self.text.replace("\r\n", "\n")

    def expect(self, pattern):
        """Waits until the text matches, and drops it up to there. Returns what stood before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = re.search(pattern, self.text, re.MULTILINE)
            if found:
                before, self.text = self.text[:found.start()], self.text[found.end():]
                return ESCAPE.sub("", before)
            if time.monotonic() > deadline:
                raise MachineError(f"the terminal does not show {pattern!r} but {self.text[-500:]!r}")
            self.pump(0.1)

    def send(self, keys):
        """Types keys."""
        self.socket.sendall(keys.encode())

    def ask(self, line):
        """Types a line, and returns the answer up to the next prompt."""
        self.send(line + "\r")
        self.expect(re.escape(line) + r"\n")
        return self.expect(r"^" + re.escape(PROMPT))


@contextlib.contextmanager
def session(start, cmdline=None):
    """Yields a terminal at whose prompt the shell waits, and the machine."""
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "com2")
    extra = ("-serial", f"unix:{path},server=on,wait=off")
    machine = start(extra=extra, cmdline=cmdline) if cmdline else start(extra=extra)
    try:
        if cmdline is None:
            machine.wait_prompt()
            machine.send("run shell\r")
        else:
            machine.expect("Stalactite: a microkernel")
        terminal = Terminal(machine, path)
        terminal.expect(r"Type 'help'")
        terminal.expect(r"^" + re.escape(PROMPT))
        yield terminal, machine
        terminal.close()
    finally:
        shutil.rmtree(folder)


def check_commands(start):
    """programs run, connected by pipes and files, with their status, and the shell ends"""
    with session(start) as (terminal, machine):
        assert terminal.ask("echo 'a  b' c") == "a  b c\n"
        assert re.fullmatch(r" +3 +6 +\d+\n", terminal.ask("ls /boot | grep ech | cat | cat | wc"))
        assert terminal.ask("echo one > f; echo two >> f; cat < f") == "one\ntwo\n"
        assert terminal.ask("false; echo $?") == "1\n"
        assert "frames_free" in terminal.ask("kstat")
        assert "write the lines that contain a text" in terminal.ask("help grep")
        assert "Did you mean 'echo'?" in terminal.ask("ecko")
        assert "a quote is not closed" in terminal.ask("echo 'a")
        for line in terminal.ask("help").split("\n\n")[0].strip().split("\n"):
            assert "There is no help" not in terminal.ask("help " + line.split()[0])
        terminal.send("exit 5\r")
        machine.expect("it ended with status 5")
        machine.wait_prompt()


def check_editing(start):
    """lines are edited, completed and repeated, and what is pasted early is not lost"""
    with session(start) as (terminal, _):
        terminal.send("hexd\t/boot/init.c\t| hea\t-n 1\r")
        assert "# The servers of" in terminal.expect(r"^" + re.escape(PROMPT) + "$")
        terminal.ask("echo again")
        terminal.send(UP + "\r")
        terminal.expect(r"^again\n")
        terminal.expect(re.escape(PROMPT))
        terminal.send("".join(f"echo paste {i}\r" for i in range(100)))
        for i in range(100):
            terminal.expect(rf"^paste {i}\n")
        terminal.expect(r"^" + re.escape(PROMPT))
        terminal.send("x" * 10000 + CONTROL_U)
        terminal.send("".join(chr(i) for i in range(128) if chr(i) not in "\r\n\t\x04\x03\x1b") + CONTROL_U)
        terminal.ask("echo sound")


def check_control(start):
    """control-C ends what runs, at any moment, and control-D ends input and shell"""
    with session(start) as (terminal, machine):
        for pause in (0, 0.01, 0.05, 0.3):
            terminal.send("sleep 100; echo not this\r")
            terminal.expect(r"not this\n")
            time.sleep(pause)
            terminal.send(CONTROL_C)
            before = terminal.expect(r"^" + re.escape(PROMPT))
            assert "not this" not in before
        terminal.send("cat | wc\r")
        terminal.expect(r"wc\n")
        terminal.send("one two\r" + CONTROL_D)
        terminal.expect(r"^ +1 +2 +8\n")
        terminal.expect(re.escape(PROMPT))
        terminal.send("cat | cat | cat\r")
        terminal.expect(r"cat\n")
        terminal.send("typed\r")
        terminal.expect(r"^typed\n")
        terminal.send(CONTROL_C)
        terminal.expect(r"^" + re.escape(PROMPT))
        terminal.ask("sleep 100 &")
        assert "running  sleep 100" in terminal.ask("jobs")
        terminal.ask("kill %1")
        terminal.ask("sleep 0.1")
        assert "sleep" not in terminal.ask("jobs")
        terminal.send(CONTROL_D)
        machine.expect("it ended with status")


def check_word(start):
    """with shell=1 the machine boots to the shell, and when it ends the monitor follows"""
    with session(start, cmdline="shell=1") as (terminal, machine):
        assert terminal.ask("echo sound") == "sound\n"
        terminal.send("exit\r")
        machine.wait_prompt()


def check_crashes(start):
    """each way to crash ends the program, is told, and the prompt comes back"""
    with session(start) as (terminal, machine):
        for number in range(34):
            assert f"'crash {number}' was ended" in terminal.ask(f"crash {number}")
        machine.expect(r"user exception: task \d+ \(crash\)")
        terminal.ask("echo sound")


def check_full(start):
    """when the file server is full a write fails, and files can be removed and written again"""
    with session(start) as (terminal, _):
        terminal.ask("cat /boot/shell /boot/shell /boot/shell /boot/shell > a")
        for _ in range(8):
            answer = terminal.ask("cat a >> b")
        assert "quota" in answer or "full" in answer, answer
        terminal.ask("rm a b")
        assert terminal.ask("echo room > c; cat c") == "room\n"
