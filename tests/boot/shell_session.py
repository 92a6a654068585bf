"""Tests a user's session at the shell: a terminal at the first serial port, which the console server in user
mode drives. The monitor starts it, and follows when it ends."""

import os
import re
import time

import pytest

from runner.machine import MachineError

PROMPT = "stalactite$ "
COUNTED = ("-icount", "shift=0,sleep=off")  # guest time is guest instructions
PATIENCE_SECONDS = 60
PATIENCE_SECONDS_BOCHS = 900
QUIET_SECONDS = 0.3
UP, CONTROL_C, CONTROL_D, CONTROL_U, MONITOR = "\x1b[A", "\x03", "\x04", "\x15", "\x1d"
# What a terminal does with its line: the cursor goes to a column, or the line is written anew.
COLUMN = re.compile(r"\r\x1b\[\d+C")
ANEW = re.compile(r"[^\n]*\r(?=.)", re.DOTALL)
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LOG = re.compile(r"^\[ *\d+\.\d{6}\] .*\n", re.MULTILINE)


class Terminal:
    """What a user sees at the serial port, and types there."""

    def __init__(self, machine, patience_seconds=PATIENCE_SECONDS):
        self.machine = machine
        self.patience_seconds = patience_seconds
        self.all = b""  # what has come
        self.text = ""  # what of it was not matched yet
        self.send = machine.send

    def pump(self, seconds):
        """Reads what comes within a time."""
        data = self.machine.read_bytes(seconds)
        if data is None:
            raise MachineError(f"the machine ended; the terminal shows {self.text[-500:]!r}")
        self.all += data
        text = (self.text + data.decode("ascii", "replace")).replace("\r\n", "\n")
        self.text = LOG.sub("", ESCAPE.sub("", ANEW.sub("", COLUMN.sub("", text))))

    def expect(self, pattern):
        """Waits until the text matches, and drops it up to there. Returns what stood before."""
        deadline = time.monotonic() + self.patience_seconds
        while True:
            found = re.search(pattern, self.text, re.MULTILINE)
            if found:
                before, self.text = self.text[:found.start()], self.text[found.end():]
                return before
            if time.monotonic() > deadline:
                raise MachineError(f"the terminal does not show {pattern!r} but {self.text[-500:]!r}")
            self.pump(0.1)

    def prompt(self):
        """Waits for the prompt of an empty line, after which nothing comes. Returns what stood before. A
        line of the log makes the prompt be written anew, and what is typed behind it."""
        before = ""
        while True:
            before += self.expect(r"^" + re.escape(PROMPT) + r"\Z")
            self.text = PROMPT  # until it is sure that it stays
            self.pump(QUIET_SECONDS)
            if self.text == PROMPT:
                self.text = ""
                return before

    def ask(self, line):
        """Types a line, and returns the answer up to the next prompt."""
        self.send(line + "\r")
        self.expect(re.escape(line) + r"\n")
        return self.prompt()


def session(start):
    """Returns the terminal of a machine at whose prompt the shell waits."""
    machine = start()
    machine.wait_prompt()
    terminal = Terminal(machine)
    terminal.send("run shell\r")
    terminal.expect(r"Type 'help' for the commands, 'exit'")
    terminal.prompt()
    return terminal


def check_commands(start):
    """programs run, connected by pipes and files, with their status, and the shell ends"""
    terminal = session(start)
    assert terminal.ask("echo 'a  b' c") == "a  b c\n"
    assert re.fullmatch(r" +3 +6 +\d+\n", terminal.ask("ls /boot | grep ech | cat | cat | wc"))
    assert terminal.ask("echo one > f; echo two >> f; cat < f") == "one\ntwo\n"
    assert terminal.ask("false; echo $?") == "1\n"
    assert "write the lines that contain a text" in terminal.ask("help grep")
    assert "Did you mean 'echo'?" in terminal.ask("ecko")
    assert "a quote is not closed" in terminal.ask("echo 'a")
    for line in terminal.ask("help").split("\n\n")[0].strip().split("\n"):
        assert "There is no help" not in terminal.ask("help " + line.split()[0])
    terminal.send("exit 5\r")
    terminal.expect(r"^it ended with status 5\n")
    terminal.expect(r"^stalactite> ")


def check_editing(start):
    """lines are edited, completed and repeated, and what is pasted early is not lost"""
    terminal = session(start)
    terminal.send("hexd\t/boot/init.c\t| hea\t-n 1\r")
    terminal.expect(r"# The servers of\n")
    terminal.prompt()
    terminal.ask("echo again")
    terminal.send(UP + "\r")
    terminal.expect(r"^again\n")
    terminal.prompt()
    terminal.send("".join(f"echo paste {i}\r" for i in range(100)))
    for i in range(100):
        terminal.expect(rf"^paste {i}\n")
    terminal.prompt()
    terminal.send("x" * 10000 + CONTROL_U)
    terminal.send("".join(chr(i) for i in range(128) if chr(i) not in "\r\n\t\x04\x03\x1b\x1d") + CONTROL_U)
    terminal.ask("echo sound")


def check_control(start):
    """control-C ends what runs, at any moment, and control-D ends input and shell"""
    terminal = session(start)
    for pause in (0, 0.01, 0.05, 0.3):
        terminal.send("sleep 100; echo not this\r")
        terminal.expect(r"not this\n")
        time.sleep(pause)
        terminal.send(CONTROL_C)
        before = terminal.prompt()
        assert "not this" not in before
    terminal.send("cat | wc\r")
    terminal.expect(r"wc\n")
    terminal.send("one two\r" + CONTROL_D)
    terminal.expect(r"^ +1 +2 +8\n")
    terminal.prompt()
    terminal.send("cat | cat | cat\r")
    terminal.expect(r"cat\n")
    terminal.send("typed\r")
    terminal.expect(r"^typed\n")
    terminal.send(CONTROL_C)
    terminal.prompt()
    terminal.ask("sleep 100 &")
    assert "running  sleep 100" in terminal.ask("jobs")
    terminal.ask("kill %1")
    terminal.ask("sleep 0.1")
    assert "sleep" not in terminal.ask("jobs")
    terminal.send(CONTROL_D)
    terminal.expect(r"^it ended with status")


def check_word(start):
    """with shell=1 the machine boots to the shell, and when it ends the monitor follows"""
    terminal = Terminal(start(cmdline="shell=1"))
    terminal.prompt()
    assert "sound\n" in terminal.ask("echo sound")
    terminal.send("exit\r")
    terminal.expect(r"^stalactite> ")


def screen_text(machine):
    """Returns what the screen of a PC shows: the characters in the memory of VGA text."""
    path = os.path.join(machine.directory, "screen")
    qmp = machine.qmp()
    qmp.execute("pmemsave", val=0xb8000, size=4000, filename=path)
    qmp.close()
    with open(path, "rb") as file:
        return file.read()[::2].decode("latin-1")


def check_usual(start):
    """the usual boot ends at the shell, and control-] at the keyboard starts the monitor there"""
    machine = start(cmdline="", machine="pc")
    terminal = Terminal(machine)
    terminal.expect(r"^Saved: \d+ KiB")
    terminal.prompt()
    for keys, shown in ((["x"], "Control-] starts the monitor here"),
                        (["ctrl", "bracket_right"], "stalactite> ")):
        qmp = machine.qmp()
        qmp.execute("send-key", keys=[{"type": "qcode", "data": key} for key in keys])
        qmp.close()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while shown not in screen_text(machine):
            assert time.monotonic() < deadline, f"the screen does not show {shown!r}"
            terminal.pump(0.1)
    terminal.send("resume\r")
    terminal.expect(r"^" + re.escape(PROMPT))


@pytest.mark.parametrize("boot, machine", [("bios-cd", "pc"), ("uefi-cd", "q35")])
def check_medium(start, boot, machine):
    """the ISO ends at the shell too, by BIOS and by UEFI"""
    terminal = Terminal(start(cmdline="shell=1", boot=boot, machine=machine))
    terminal.prompt()
    assert terminal.ask("ls /boot | grep shell | wc | grep ' 1 ' | cat") != ""
    assert "'crash 11' was ended: address not accessible (the log says" in terminal.ask("crash 11")


def check_bochs(start):
    """in Bochs the shell's prompt comes"""
    machine = start(cmdline="shell=1", emulator="bochs", boot="bios-cd", cpu="tigerlake")
    Terminal(machine, PATIENCE_SECONDS_BOCHS).prompt()


def check_programs(start):
    """demo, ed, top, test, stress and the benchmarks do what they are for; help begins a pipeline"""
    terminal = session(start)
    assert re.search(r"^leap-3 +buffer_fill +130\d\d +\[####\]  1 -> 4   +\d+ at 1\d{4}$",
                     terminal.ask("demo"), re.MULTILINE)
    terminal.send("\r".join(("ed f", "a", "one", "two", "three", ".", "2s/w/W/", "1d", "w", "q", "")))
    terminal.expect(r"^f: 0 lines, a new file\n")
    terminal.prompt()
    assert terminal.ask("cat f") == "tWo\nthree\n"
    assert re.search(r"^ +\d+ +\d+ +\d+ +\d+  \w", terminal.ask("top -n 1 -d 0"), re.MULTILINE)
    assert "2 passed, 0 failed" in terminal.ask("test ULB000[12]")
    assert re.match(r"[1-9]\d* programs started, 0 refused, 0 ended", terminal.ask("stress 1"))
    assert terminal.ask("ipcbench 20 | grep BENCH | wc").split()[0] == "4"
    assert re.fullmatch(r"BENCH mallocbench \d+ ns\n", terminal.ask("mallocbench 200"))
    assert terminal.ask("help | grep top | wc").split()[0] == "1"
    assert terminal.ask("A=b; set > g; cat g") == "A=b\n"
    assert "cannot stand there" in terminal.ask("ls | exit")


def check_ready(start):
    """the shell is ready within a second of guest time"""
    machine = start(cmdline="shell=1", cpus=1, extra=COUNTED)
    terminal = Terminal(machine)
    found = None
    while found is None:
        terminal.pump(0.1)
        found = re.search(rb"shell ready after (\d+) ms", terminal.all)
    machine.note(f"BENCH boot_to_shell {int(found.group(1))} ms")
    assert int(found.group(1)) < 1000
    terminal.prompt()
    machine.note(f"BENCH spawn_exit {terminal.ask('time true').split()[0]} ms")
    for line in (terminal.ask("ipcbench 200") + terminal.ask("mallocbench 2000")).splitlines():
        machine.note(line)


WAYS = {"eager": "stack=eager", "lend": "stack=lend", "prefault": "stack=prefault", "fault": "stack=fault",
        "swapped": "stack-shrink-age=1 stack-swap-age=1"}


@pytest.mark.parametrize("way", WAYS)
def check_memory(start, way):
    """kernel stacks of the idle shell and of 300 sleeping programs, in each way to fill stacks"""
    machine = start(cmdline=f"shell=1 {WAYS[way]}", memory_mib=512)
    terminal = Terminal(machine)
    terminal.prompt()
    for load, line in (("idle", "sleep 1"), ("asleep", "stress asleep 300 1000; sleep 1")):
        terminal.ask(line)
        threads, resident, whole = map(int, re.search(
            r"(\d+) threads: (\d+) of (\d+) pages", terminal.ask("stacks | grep threads:")).groups())
        machine.note(f"BENCH shell_{load}_{way}_stacks {resident * 4} KiB")
        share = resident / whole  # the swapper may shrink an eager stack, too
        assert share > 0.9 if way == "eager" else share < 0.9, f"{load}: {resident} of {whole} pages"
    assert threads > 300


def check_monitor(start):
    """control-] gives the terminal to the monitor, and resume gives it back, also to a line that is edited"""
    terminal = session(start)
    for times, keys in enumerate(("monitor\r", "echo half" + MONITOR), 1):
        terminal.send(keys)
        while terminal.all.count(b"the monitor has the serial port") < times:
            terminal.pump(0.1)
        terminal.send("\r")  # at the second time the monitor's prompt is an old one
        terminal.expect(r"^stalactite> ")
        terminal.send("uptime-is-no-command\r")
        terminal.expect(r"no command")
        terminal.expect(r"^stalactite> ")
        terminal.send("resume\r")
        terminal.expect(r"^" + re.escape(PROMPT))
    terminal.send(" done\r")
    terminal.expect(r"^half done\n")
    terminal.prompt()


def check_figures(start):
    """ps, stacks, kstat and log show the system, and poweroff ends the machine"""
    terminal = session(start)
    assert re.search(r"^ +\d+ +console +\d+ KiB$", terminal.ask("ps"), re.MULTILINE)
    assert re.search(r"\[#+\.+ *\] +\d  shell$", terminal.ask("stacks"), re.MULTILINE)
    assert re.search(r"^ +\d+ +\w+ +\w", terminal.ask("kstat"), re.MULTILINE)
    assert terminal.ask("kstat nothing-is-called-so") == ""
    terminal.ask("log > l")
    assert re.fullmatch(r" +1 +.*\n", terminal.ask("grep 'Stalactite is up' l | wc"))
    terminal.send("poweroff\r")
    terminal.machine.wait_end()


def check_crashes(start):
    """each way to crash ends the program, is told, and the prompt comes back"""
    terminal = session(start)
    for number in range(34):
        assert f"'crash {number}' was ended" in terminal.ask(f"crash {number}")
    terminal.ask("echo sound")


def check_full(start):
    """when the file server is full a write fails, and files can be removed and written again"""
    terminal = session(start)
    terminal.ask("cat /boot/shell /boot/shell /boot/shell /boot/shell > a")
    for _ in range(8):
        answer = terminal.ask("cat a >> b")
    assert "quota" in answer or "full" in answer, answer
    terminal.ask("rm a b")
    assert terminal.ask("echo room > c; cat c") == "room\n"


def check_power_off(start):
    """a program with the right to it switches the machine off"""
    terminal = session(start)
    terminal.send("poweroff\r")
    status = terminal.machine.wait_end()
    assert status in (0, 33), f"status {status}"


def check_reboot(start):
    """a program with the right to it starts the machine anew"""
    terminal = session(start)
    terminal.send("reboot\r")
    status = terminal.machine.wait_end()
    assert status == 0 and not terminal.machine.triple_fault(), f"status {status}"
