"""What a user types at the shell, part by part, and what must come back. Each part begins and ends at the
prompt. shell_session.py and shell_medium.py have all of them typed at machines of several kinds."""

import random
import re
import time

UP, CONTROL_C, CONTROL_D, CONTROL_U, MONITOR = "\x1b[A", "\x03", "\x04", "\x15", "\x1d"
CRASHES = 34
PASTED = 100
LONG_LINE = 10000
REPORT = re.compile(rb"user exception: task \d+ \(crash\), thread \d+: code at 0x[0-9a-f]+ [^\r\n]+; the task ends")
TOP_LINE = b" MiB free"
BACKTRACE = b"  backtrace: 0x"
REGION = re.compile(rb"  region: 0x[0-9a-f]+ to 0x[0-9a-f]+, ([^\r\n]*)")
# What the report says of the region, by the number of the crash: code, data, below the stack. None else is in one.
REGIONS = {2: b"r-x", 3: b"rw-", 11: b"---, the guard of a stack"}
HANDED_OVER = b"console: the monitor has it"
NOISE_BYTES = 3000
# What may not be among the noise: it ends the shell, or gives the terminal away.
KEPT_OUT = CONTROL_D + MONITOR
ENDS = ("exit", "poweroff", "reboot")  # of the commands, those that a part cannot try


def commands(terminal):
    """Programs run, connected by pipes and files, with their status; what is wrong is told."""
    assert terminal.ask("echo 'a  b' c") == "a  b c\n"
    assert re.fullmatch(r" +3 +6 +\d+\n", terminal.ask("ls /boot | grep ech | cat | cat | wc"))
    assert terminal.ask("echo one > f; echo two >> f; cat < f") == "one\ntwo\n"
    assert terminal.ask("cp f g; mkdir d; cp g d/h; ls d; rm d/h d; head -n 1 g").split() == ["8", "h", "one"]
    assert terminal.ask("cp g //g/; cat g").endswith("copied onto itself\none\ntwo\n")
    assert terminal.ask("grep -v one g | hexdump").startswith("00000000")
    assert terminal.ask("true; echo $?; false; echo $?") == "0\n1\n"
    assert terminal.ask("head -n 9999 /boot/shell | wc") == terminal.ask("cat /boot/shell | wc")  # long lines, bytes 0
    assert terminal.ask("ed /boot/shell") == "ed: /boot/shell: too long\n"
    assert "hello" in terminal.ask("hello you")
    assert terminal.ask("map -z 64; map g").endswith("one\ntwo\n")
    assert terminal.ask("rm f g; cat f") == "cat: f: not found\n"
    assert "Did you mean 'echo'?" in terminal.ask("ecko")
    assert "There is no command 'nonsense-is-no-command'" in terminal.ask("nonsense-is-no-command")


def language(terminal):
    """Quotes, variables, conditions, comments and scripts."""
    assert terminal.ask("""X='a  b'; echo "$X"'$X' \\$X ${X}c""") == "a  b$X $X a  bc\n"
    assert terminal.ask("true && echo yes || echo no; false && echo yes || echo no") == "yes\nno\n"
    assert terminal.ask("echo x # not this") == "x\n"
    assert "a quote is not closed" in terminal.ask("echo 'a")
    assert "cannot stand there" in terminal.ask("ls | exit")
    assert terminal.ask("A=b; set > g; grep A= g; rm g") == "A=b\n"
    terminal.ask("echo 'echo one; X=set' > s; echo 'false' >> s")
    assert terminal.ask("sh s; echo $? $X") == "one\n1 set\n"
    assert "not found" in terminal.ask("sh no-such-file")
    terminal.ask("rm s")


def helps(terminal):
    """Each command that help lists has a help of its own, and begins with its name there."""
    names = command_names(terminal)
    assert len(names) > 30 and names == sorted(names)
    for name in names:
        assert terminal.ask("help " + name).startswith(name), name
    assert "write the lines that contain a text" in terminal.ask("help grep")
    assert "There is no help for 'nothing'" in terminal.ask("help nothing")
    assert terminal.ask("help | grep top | wc").split()[0] == "1"


def command_names(terminal):
    """Returns the commands that help lists."""
    return [line.split()[0] for line in terminal.ask("help").split("\n\n")[0].strip().split("\n")]


def editing(terminal):
    """Lines are edited, completed and repeated, and what is pasted early is not lost."""
    terminal.send("hexd\t/boot/init.c\t| hea\t-n 1\r")
    terminal.expect(r"# The servers of\n")
    terminal.prompt()
    terminal.ask("echo again")
    terminal.send(UP + "\r")
    terminal.expect(r"^again\n")
    terminal.prompt()
    terminal.send("".join(f"echo paste {i}\r" for i in range(PASTED)))
    for i in range(PASTED):
        terminal.expect(rf"^paste {i}\n")
    terminal.prompt()


def noise(terminal):
    """Lines of ten thousand characters, control bytes and noise do no harm. In Bochs, where each byte takes
    some milliseconds, there are fewer of them."""
    share = 10 if terminal.is_slow else 1
    terminal.send("x" * (LONG_LINE // share) + CONTROL_U)
    terminal.send("".join(chr(i) for i in range(128) if chr(i) not in "\r\n\t\x04\x03\x1b\x1d") + CONTROL_U)
    terminal.ask("echo sound")
    terminal.send("y" * (LONG_LINE // share) + "\r")
    terminal.prompt()
    terminal.ask("echo sound")
    choice = random.Random(1)
    for _ in range(3):
        terminal.send("".join(chr(choice.choice([i for i in range(128) if chr(i) not in KEPT_OUT]))
                              for _ in range(NOISE_BYTES // share)) + "xx" + CONTROL_C)  # the x end a sequence
        terminal.prompt()
        terminal.send("xx" + CONTROL_U)
        terminal.ask("echo sound")


def interrupted(terminal, line, pause, shown=None):
    """Types a line whose job does not end by itself, and ends it with control-C after a while."""
    terminal.send(line + "\r")
    terminal.expect(re.escape(line) + r"\n")
    if shown is not None:
        terminal.expect(shown)
    time.sleep(pause)
    terminal.send(CONTROL_C)
    return terminal.prompt()


def control(terminal):
    """Control-C ends what runs, at any moment, and control-D ends the input."""
    for pause in (0, 0.01, 0.05, 0.3):
        assert "not this" not in interrupted(terminal, "sleep 100; echo not this", pause)
    for line in ("cat | cat | cat | cat | wc", "top", "stacks live", "stress 1000 | cat", "demo | cat | cat", "ed f",
                 "ipcbench 100000", "time sleep 100"):
        assert "killed" not in interrupted(terminal, line, 0.05), line
    for line in ("cat", "wc", "grep a", "head", "hexdump"):
        assert interrupted(terminal, line, 0.05) == "^C\n", line
    terminal.send("echo half of it" + CONTROL_C)
    assert "half" not in terminal.prompt().split("^C")[-1]
    terminal.send(CONTROL_C * 3)
    terminal.prompt()
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


def jobs(terminal):
    """Jobs run in the background, are listed, end and are ended."""
    assert re.fullmatch(r"\[\d\] sleep 100\n", terminal.ask("sleep 100 &"))
    terminal.ask("cat /boot/test.sh | grep exit | cat | cat | wc > n &")
    assert "running  sleep 100" in terminal.ask("jobs")
    terminal.ask("kill %1")
    terminal.ask("sleep 0.2")
    assert "sleep" not in terminal.ask("jobs")
    assert int(terminal.ask("cat n; rm n").split()[0]) > 20


def programs(terminal):
    """demo, ed, top, test, stress, log and the benchmarks do what they are for."""
    assert re.search(r"^ +\d leap-3 +buffer_fill +133\d\d +\+3 +\d+ +\d+$", terminal.ask("demo"), re.MULTILINE)
    terminal.send("\r".join(("ed f", "a", "one", "two", "three", ".", "2s/w/W/", "1d", "w", "q", "")))
    terminal.expect(r"^f: 0 lines, a new file\n")
    terminal.prompt()
    assert terminal.ask("cat f; rm f") == "tWo\nthree\n"
    assert re.search(r"^ +\d+ +\d+ +\d+ +\d+  \w", terminal.ask("top -n 1 -d 0"), re.MULTILINE)
    shown = terminal.all.count(TOP_LINE)
    terminal.ask("top -n 3 -d 0")
    assert terminal.all.count(TOP_LINE) == shown + 3, "it does not refresh"
    assert "2 passed, 0 failed" in terminal.ask("test ULB000[12]")
    assert re.match(r"[1-9]\d* programs started, 0 refused, 0 ended", terminal.ask("stress 1"))
    for streams in (1, 40):  # more than the server has rings
        assert re.fullmatch(rf"{streams} streams have read the same \d{{5,}} bytes\n", terminal.ask(f"stress files {streams}"))
    assert re.fullmatch(r"full at \d{5,} bytes by messages and by a ring; 3 rounds of lies, and what was written is right\n",
                        terminal.ask("stress rings 3"))
    assert terminal.ask("ipcbench 20 | grep BENCH | wc").split()[0] == "7"
    terminal.ask("ipcbench 4000 > n &")
    terminal.ask("ipcbench 4000 > o")  # each with files of its own
    while "ipcbench" in terminal.ask("jobs"):
        terminal.ask("sleep 0.1")
    assert terminal.ask("cat n o | grep BENCH | wc; rm n o").split()[0] == "14"
    assert re.fullmatch(r"BENCH mallocbench \d+ ns\n", terminal.ask("mallocbench 200"))
    assert re.search(r"^\d+\.\d{3} ms\n", terminal.ask("time true"), re.MULTILINE)


def figures(terminal):
    """ps, stacks, kstat and log show the system."""
    assert re.search(r"^ +\d+ +console +\d+ KiB$", terminal.ask("ps"), re.MULTILINE)
    assert re.search(r"\[#+\.+ *\] +\d  shell$", terminal.ask("stacks"), re.MULTILINE)
    live = terminal.ask("stacks live 1")
    assert "Each pair is a thread" in live and re.search(r"^kernel +([0-4][0-9a-f-] ){6,}", live, re.MULTILINE), live
    assert re.search(r"^shell +([0-4][0-9a-f-] ){2,}$", live, re.MULTILINE), live
    counters = terminal.ask("kstat").splitlines()
    assert len(counters) > 20 and all(re.match(r" *\d+  \w+ +\w", line) for line in counters), counters
    assert terminal.ask("kstat nothing-is-called-so") == ""
    assert re.search(r"^console +runs +started \d+ times$", terminal.ask("service"), re.MULTILINE)
    terminal.ask("log > l")
    assert re.fullmatch(r" +1 +.*\n", terminal.ask("grep 'Stalactite is up' l | wc; rm l"))


def crashes(terminal):
    """Each way to crash ends the program and is told, with thread, address, reason, region and backtrace, and the
    prompt comes back."""
    for number in range(CRASHES):
        before = len(terminal.all)
        reports, traces = len(REPORT.findall(terminal.all)), terminal.all.count(BACKTRACE)
        assert f"'crash {number}' was ended" in terminal.ask(f"crash {number}")
        terminal.wait_count(BACKTRACE, traces + 1)
        assert len(REPORT.findall(terminal.all)) == reports + 1, f"crash {number}: {terminal.all[-1000:]}"
        regions = [match.group(1) for match in REGION.finditer(terminal.all, before)]
        assert regions == ([REGIONS[number]] if number in REGIONS else []), f"crash {number}: {regions}"
    terminal.ask("echo sound")


def full(terminal):
    """When the file server is full a write fails, and files can be removed and written again."""
    terminal.ask("cat /boot/shell /boot/shell /boot/shell /boot/shell > a")
    for _ in range(8):
        answer = terminal.ask("cat a >> b")
    assert "quota" in answer or "full" in answer, answer
    terminal.ask("rm a b")
    assert terminal.ask("echo room > c; cat c; rm c") == "room\n"


def monitor(terminal):
    """The command monitor, and control-], give the terminal to the monitor; resume gives it back, also to a
    line that is edited."""
    for keys in ("monitor\r", "echo half" + MONITOR):
        before = terminal.all.count(HANDED_OVER)
        terminal.send(keys)
        terminal.wait_count(HANDED_OVER, before + 1)
        terminal.send("\r")  # at the second time the monitor's prompt is an old one
        terminal.expect(r"^stalactite> ")
        terminal.send("uptime-is-no-command\r")
        terminal.expect(r"no command")
        terminal.expect(r"^stalactite> ")
        terminal.send("resume\r")
        terminal.expect(r"^stalactite\$ ")
    terminal.send(" done\r")
    terminal.expect(r"^half done\n")
    terminal.prompt()


def covered(terminal):
    """Every command that help lists was typed."""
    for name in command_names(terminal):
        assert name in ENDS or re.search(rf"(^|[\r|;&] *|time ){name}\b", terminal.typed), f"'{name}' was not typed"


PARTS = (commands, language, helps, editing, noise, control, jobs, programs, figures, crashes, full, monitor,
         covered)


def whole(terminal):
    """Has everything typed at a shell whose prompt is there."""
    for part in PARTS:
        began = time.monotonic()
        part(terminal)
        print(f"# {part.__name__}: {time.monotonic() - began:.1f} s", flush=True)
