"""Tests the shell while programs crash, sleep, multiply or take all memory. Afterwards nothing of them may be
left."""

import re
import tempfile

from boot_archive import BLOCK, header_at, with_file
from runner.terminal import Terminal
from shell_soak import counts, settled

GIVEN_BACK = b"stress: the memory is given back"


def terminal_of(start, **changes):
    """Returns the terminal of a machine at whose prompt the shell waits, and what there is then."""
    terminal = Terminal(start(**changes), 300)
    terminal.prompt()
    for line in ("crash 0", "stress crashes 1", "stress asleep 1 0", "top -n 1 -d 0"):
        terminal.ask(line)  # what is made once is made now
    return terminal, settled(terminal)


def nothing_left(terminal, before):
    """Checks that there are as many tasks, threads and MiB as before."""
    after = settled(terminal)
    assert after[:2] == before[:2], terminal.ask("ps")
    assert after[2] >= before[2] - 2, f"memory is lost: {before} became {after}"


def check_crashes(start):
    """after a thousand crashes in all ways nothing is left of them, and the shell goes on"""
    terminal, before = terminal_of(start)
    answer = terminal.ask("stress crashes 1000")
    assert re.search(r"^1000 crashes of 3\d ways, 0 ended in another way", answer, re.MULTILINE), answer
    nothing_left(terminal, before)


def check_bomb(start):
    """a program that starts copies of itself without end is stopped by its budget, and all copies can be killed"""
    terminal, before = terminal_of(start, memory_mib=64)
    terminal.ask("stress bomb 1000 &")
    terminal.wait_count(b"the first copy is refused: quota exceeded", 1)
    assert "running  stress bomb" in terminal.ask("jobs")
    terminal.ask("kill %1")
    nothing_left(terminal, before)
    answer = terminal.ask("stress bomb 3")
    assert re.search(r"^[1-9]\d* copies started, \d+ refused by quota, 0 for want of memory, 0 otherwise", answer, re.MULTILINE), \
        answer
    nothing_left(terminal, before)


def check_memory(start):
    """when the budget of the user's programs has no memory left, the shell still answers and can end them"""
    terminal, before = terminal_of(start)
    for times in (1, 2):  # the first one leaves an eighth to the other
        terminal.ask("stress memory 1000 &")
        terminal.wait_count(b"MiB are taken, and each page that gets free", times)
    terminal.send("\r")
    terminal.prompt()
    assert "is not started: quota exceeded" in terminal.ask("echo too much")
    assert len(re.findall("running  stress memory", terminal.ask("jobs"))) == 2
    assert "write the lines that contain a text" in terminal.ask("help grep")
    assert "A=b" in terminal.ask("A=b; set")
    terminal.ask("kill %2; kill %1")
    terminal.ask("sleep 0.1")
    assert "sound\n" in terminal.ask("echo sound")
    nothing_left(terminal, before)


def asked_without_memory(terminal, cycle):
    """Types what needs no memory, and what does, while the whole machine has none. Returns whether it still had none
    at the end."""
    terminal.wait_count(b"MiB are taken, and each page that gets free", cycle)
    terminal.send("\r")
    terminal.prompt()
    answers = [terminal.ask(line) for line in ("help grep", "echo external", "A=b; set", "jobs", "cat /boot/init.conf | wc")]
    if terminal.all.count(GIVEN_BACK) >= cycle:
        return False
    assert "write the lines that contain a text" in answers[0]
    assert re.search(r"not started: (out of memory|quota exceeded)", answers[1]), answers[1]
    assert "A=b" in answers[2]
    assert re.search(r"out of memory|quota exceeded", answers[4]), answers[4]
    return True


def check_machine_memory(start):
    """when the whole machine has no memory left, the shell still answers, and programs start again when there is some"""
    with open(start.paths.archive, "rb") as file:
        data = file.read()
    at = header_at(data, "init.conf") + BLOCK
    servers = data[at:data.index(b"\0", at)] + b"server tide stress memory 30 10\n"  # it has no budget
    with tempfile.NamedTemporaryFile() as module:
        module.write(with_file(data, "init.conf", servers))
        module.flush()
        terminal = Terminal(start(archive=False, memory_mib=64, extra=("-initrd", module.name)), 300)
        terminal.prompt()
        cycle = 1
        while not asked_without_memory(terminal, cycle):  # the host was too slow: once more
            cycle += 1
        terminal.wait_count(GIVEN_BACK, cycle)
        terminal.send("\r")
        terminal.prompt()
        assert "external\n" in terminal.ask("echo external")
        assert len(re.findall(r" runs +started 1 times", terminal.ask("service"))) == 5


def check_asleep(start):
    """while 2,000 programs sleep the shell goes on, and nothing is left of them"""
    terminal, before = terminal_of(start, memory_mib=512)
    for times, seconds in enumerate((30, 120, 480), 1):
        terminal.ask(f"stress asleep 2000 {seconds}")
        terminal.wait_count(b"2000 programs sleep", times)
        tasks = counts(terminal)[0]
        assert "sound\n" in terminal.ask("echo sound | cat | cat")
        while counts(terminal)[0] > before[0]:
            pass
        if tasks == before[0] + 2000:
            break  # else the host is so slow that some have ended before they were counted: they sleep for longer
    assert tasks == before[0] + 2000
    nothing_left(terminal, before)
