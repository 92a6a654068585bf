"""Tests a user's session at the shell: a terminal at the first serial port, which the console server in user
mode drives. The monitor starts it, and follows when it ends."""

import os
import re
import select
import socket
import tempfile

import shell_talk
from boot_archive import with_file
from runner.terminal import PROMPT, Terminal

SERVERS = ("names", "files", "pager", "console")


class Line:
    """The far end of a serial line, as a Terminal uses it."""

    def __init__(self, path, row):
        self.row = row
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)

    def read_bytes(self, timeout_seconds):
        """Returns bytes that have come, b"" if none come in time, or None at the end."""
        ready, _, _ = select.select([self.socket], [], [], timeout_seconds)
        return (self.socket.recv(65536) or None) if ready else b""

    def send(self, text):
        """Sends what a user types."""
        self.socket.sendall(text.encode())


def session(start):
    """Returns the terminal of a machine at whose prompt the shell waits."""
    machine = start()
    machine.wait_prompt()
    terminal = Terminal(machine)
    terminal.send("run shell\r")
    terminal.expect(r"Type 'help' for the commands, 'exit'")
    terminal.prompt()
    return terminal


def check_whole(start):
    """every command and key of a user does what it is for, and the shell switches the machine off"""
    terminal = session(start)
    shell_talk.whole(terminal)
    terminal.send("poweroff\r")
    status = terminal.machine.wait_end()
    assert status in (0, 33), f"status {status}"


def check_end(start):
    """exit and control-D end the shell and its servers, and the monitor says its status, after a resume, too"""
    terminal = session(start)
    terminal.send(shell_talk.MONITOR)
    terminal.expect(r"^It goes on\.")
    terminal.expect(r"^stalactite> ")
    terminal.send("resume\r")
    terminal.prompt()
    terminal.send("exit 5\r")
    terminal.expect(r"^it ended with status 5\n")
    terminal.expect(r"^stalactite> ")
    terminal.send("run shell\r")
    terminal.expect(r"Type 'help'")
    terminal.prompt()
    terminal.send(shell_talk.CONTROL_D)
    terminal.expect(r"^it ended with status")
    terminal.expect(r"^stalactite> ")


def check_word(start):
    """with shell=1 the machine boots to the shell, and when it ends the monitor follows"""
    terminal = Terminal(start(cmdline="shell=1"))
    terminal.prompt()
    assert "sound\n" in terminal.ask("echo sound")
    terminal.send("exit\r")
    terminal.expect(r"^stalactite> ")


def check_usual(start):
    """the usual boot ends at the shell; an NMI is reported though a program has the serial port"""
    machine = start(cmdline="", machine="pc")
    terminal = Terminal(machine)
    terminal.expect(r"^Saved: \d+ KiB")
    terminal.prompt()
    qmp = machine.qmp()
    qmp.execute("inject-nmi")
    qmp.close()
    terminal.expect(r"NMI: CPU 0 in thread")


def starts(terminal):
    """Returns how often each server was started, once all of them run."""
    found = []
    while len(found) < len(SERVERS):
        terminal.ask("sleep 0.1")
        found = re.findall(r"^(\w+) +runs +started (\d+) times$", terminal.ask("service"), re.MULTILINE)
    return {name: int(times) for name, times in found}


def check_servers(start):
    """each server is killed while clients call it: their calls fail, it is started again, and work goes on"""
    terminal = session(start)
    terminal.ask("stress clients 2 &")
    for times in (2, 3):
        for name in (*SERVERS[1:], SERVERS[0]):  # at its second end the clients know that it is enough
            terminal.ask(f"service end {name}")
            assert starts(terminal)[name] == times
    terminal.wait_count(b"0 failed otherwise", 1 + len(SERVERS))
    ends = re.findall(rb"([a-z]+): \d+ [a-z ]+, (\d+) ended with the server, \d+ found nothing, 0 failed", terminal.all)
    assert [name.decode() for name, _ in ends] == ["names", *SERVERS]
    assert ends[1] == (b"names", b"2"), "a wait for a name does not end with the server"
    assert "sound\n" in terminal.ask("echo sound > f; cat < f | cat; ls /boot | grep shell | wc")
    assert "100 pages, 0 wrong" in terminal.ask("map -z 400")


def check_names(start):
    """only init may publish a name: a program can take neither one that a server has nor a new one"""
    terminal = session(start)
    for name in ("console", "anew"):
        assert terminal.ask(f"service take {name}; echo $?") == f"service: {name}: missing right\n1\n"
    assert "sound\n" in terminal.ask("echo sound > f; cat < f | cat")


def check_cut(start):
    """a call that a server has taken and cannot answer ends with the server, and the next one is answered"""
    terminal = session(start)
    for times in (2, 3):
        for name in SERVERS:
            assert re.search(rf"^{name}: the call under way: the other side died; the next one: success\n",
                             terminal.ask(f"service cut {name}"), re.MULTILINE)
            assert starts(terminal)[name] == times
    assert "nobody: not found" in terminal.ask("service cut nobody")
    assert "sound\n" in terminal.ask("echo sound > f; cat < f | cat")


def check_stopped(start):
    """a server that a program has stopped goes on when control-C or kill ends the program"""
    terminal = session(start)
    for name in SERVERS[:-1]:
        terminal.send(f"service stop {name}\r")
        terminal.expect(rf"^{name}: it is stopped until control-C\n")
        terminal.send(shell_talk.CONTROL_C)
        terminal.prompt()
        assert "sound\n" in terminal.ask("echo sound > f; cat < f; map /boot/begin.sh | wc")
    terminal.send("service stop files &\r")
    terminal.expect(r"^files: it is stopped until control-C\n")
    terminal.send("ls\r")
    terminal.expect(r"ls\n")
    terminal.send(shell_talk.CONTROL_C)
    terminal.prompt()
    terminal.ask("kill %1")
    while terminal.ask("jobs"):
        terminal.ask("sleep 0.1")
    assert "sound\n" in terminal.ask("cat f")
    assert "busy" in terminal.ask("service stop console")


def check_drop(start):
    """a client is ended in the midst of a call, also of one by a ring, and its server goes on and is right"""
    terminal = session(start)
    for what in ("drain", "fill", *SERVERS) * 2:
        assert f"{what}: the client: killed while waiting; afterwards: success\n" in terminal.ask(f"service drop {what}")
    assert set(starts(terminal).values()) == {1}
    assert "not found" in terminal.ask("service drop nothing")
    assert "sound\n" in terminal.ask("echo sound > f; cat < f | cat")


def check_drop_page(start):
    """a program whose page fault waits for the pager ends with it; the next instance supplies the same file"""
    terminal = session(start)
    for times in (2, 3):
        assert "page: the client: the other side died; afterwards: success\n" in terminal.ask("service drop page")
        assert starts(terminal) == {"names": 1, "files": 1, "pager": times, "console": 1}
    assert "100 pages, 0 wrong" in terminal.ask("map -z 400")
    assert "sound\n" in terminal.ask("echo sound > f; map f")


def check_console_killed(start):
    """the console is killed while the shell waits for a line: the next one shows the prompt, and control-C works"""
    terminal = session(start)
    for times in (2, 3):
        terminal.send("service end console 1 &\recho hal")
        terminal.expect(r"echo hal\Z")
        terminal.expect(r"\A" + re.escape(PROMPT))  # and what was typed there is gone
        assert starts(terminal)["console"] == times
        terminal.send("sleep 100\r")
        terminal.expect(r"sleep 100\n")
        terminal.send(shell_talk.CONTROL_C)
        terminal.prompt()


def check_second_line(start):
    """with other words in the configuration of init the terminal is the second serial line, by an interrupt object"""
    with open(start.paths.archive, "rb") as file:
        data = file.read()
    with tempfile.TemporaryDirectory() as folder:
        module, line = os.path.join(folder, "module"), os.path.join(folder, "line")
        with open(module, "wb") as file:
            file.write(with_file(data, "init.conf", b"server names names\nserver files files : archive\n"
                                 b"server pager pager\nserver console console com2 : ports system\n"))
        machine = start(cmdline="shell=1", archive=False, extra=(
            "-initrd", module, "-chardev", f"socket,id=second,path={line},server=on,wait=off", "-serial",
            "chardev:second"))
        machine.expect("shell ready after")  # what came on the line before is lost
        terminal = Terminal(Line(line, machine.row))
        terminal.send("\r")
        terminal.prompt()
        assert "sound\n" in terminal.ask("echo sound | cat")
        terminal.send("sleep 100\r")
        terminal.expect(r"sleep 100\n")
        terminal.send(shell_talk.CONTROL_C)
        terminal.prompt()
        terminal.send("poweroff\r")
        machine.wait_end()
        assert not any("echo sound" in text for text in machine.reader.lines), "the first line shows it, too"


def check_reboot(start):
    """a program with the right to it starts the machine anew"""
    terminal = session(start)
    terminal.send("reboot\r")
    status = terminal.machine.wait_end()
    assert status == 0 and not terminal.machine.triple_fault(), f"status {status}"
