"""Types each command that `help` lists at the keyboard, and reads on the screen what then stands between what was
typed and the next prompt: with VGA text on one row's machine, with a framebuffer on the other's."""

import re

from runner.screen import Screen

AT_THE_PROMPT = r"stalactite\$ *\n*\Z"
LIST_LINES = 23  # with the line above and the prompt behind it, a screen of VGA text
LONG_LINE, HELD_AT_ONCE = 10000, 500
CRASH = "crash 11"  # it has the longest report: 17 addresses
REPORTED = (r"user exception: task \d+ \(crash\), thread \d+: ", r"backtrace:(\s+(\[ *[\d.]+\]\s+)?0x[0-9a-f]+){17}")
KILLED = "[1] ended with status -10: sleep 1000"
# In this order: a text may use what those before it have left. Each line fits on a line of the screen.
TYPED = {
    "echo": ("echo 'a  B' c", r"a  B c"),
    "cat": ("cat /boot/init.conf", r"server console console com1 : ports system"),
    "cp": ("echo two words > f; cp f g; echo $?", r"0"),
    "wc": ("wc g", r" +1 +2 +10 g"),
    "rm": ("rm f; cat f", r"cat: f: not found"),
    "mkdir": ("mkdir d; cp g d/h; ls d", r" +10  h"),
    "ls": ("ls", r" +d/\n +10  g"),
    "grep": ("grep -v one g", r"two words"),
    "head": ("head -n 1 /boot/init.conf", r"# The servers of .*"),
    "hexdump": ("hexdump g", r"0+ +74 77 6f 20 77 6f 72 64 +73 0a .*two words.*"),
    "ed": ("ed e\na\none\ntwo\n.\n1s/n/N/\nw\nq\ncat e", r"oNe\ntwo"),
    "hello": ("hello you", r"hello from ring 3, with 1 argument\nargument 1 is you"),
    "help": ("help grep", r"grep \[-v\] TEXT \[FILE\] \.\.\.: write the lines that contain a text\n.*"),
    "map": ("map g 4 W; map g", r"two Words"),
    "set": ("A=b; set", r"A=b"),
    "sh": ("echo 'echo \"$A\" c' > s; sh s", r"b c"),
    "true": ("true; echo $?", r"0"),
    "false": ("false; echo $?", r"1"),
    "time": ("time true", r"\d+\.\d{3} ms"),
    "sleep": ("sleep 1000 &", r"\[1\] sleep 1000"),
    "jobs": ("jobs", r"\[1\] running  sleep 1000"),
    "kill": ("kill %1; echo $?", r"0"),
    "ps": ("ps | grep console", r" +\d+ +console +\d+ KiB"),
    "top": ("top -n 1 -d 0 | grep MiB", r"up .*, \d+ tasks, \d+ threads, memory: .*"),
    "stacks": ("stacks | grep shell", r" +\d+ +\d+ +\[#+\.+ *\] +\d  shell"),
    "kstat": ("kstat stack_faults | head -n 1", r" *\d+  \w+ +\w.*"),
    "log": ("log | grep 'Stalactite is up'", r"\[.*\] .*Stalactite is up.*"),
    "service": ("service", r"console +runs +started 1 times"),
    "test": ("test ULB000[12]", r".*2 passed, 0 failed.*"),
    "demo": ("demo | grep leap-3", r" +\d leap-3 +buffer_fill +133\d\d +\+3 +\d+ +\d+"),
    "ipcbench": ("ipcbench 20 | grep pipe", r"BENCH pipe_roundtrip [1-9]\d* ns"),
    "mallocbench": ("mallocbench 200", r"BENCH mallocbench [1-9]\d* ns"),
    "stress": ("stress 1", r"[1-9]\d* programs started, 0 refused, 0 ended .*"),
    "crash": (CRASH, rf"'{CRASH}' was ended: address not accessible .*"),
}
ENDS = ("monitor", "reboot", "exit", "poweroff")  # ends() types these
INTERRUPTED = (("cat | cat | cat | cat | wc", ""), ("top", r" MiB free.*\n(.*\n)*"),
               ("stacks live", r"^shell +[0-4][0-9a-f-].*\n(.*\n)*"), ("stress 1000 | cat", ""),
               ("ed f", r"^f: 0 lines, a new file *\n"), ("time sleep 100", ""))


def listed(screen):
    """Returns the commands that help lists. A screen of text has not all of them at once."""
    screen.type_echoed(f"help | head -n {LIST_LINES}\n")
    first = screen.expect(rf"^stalactite\$ help \| head -n {LIST_LINES}\n((?:  \w.*\n)+){AT_THE_PROMPT}")
    screen.type_echoed("help\n")
    last = screen.expect(rf"((?:^  \w.*\n)+)\n'help COMMAND' explains one\..*\n(?:.*\n)*{AT_THE_PROMPT}")
    first, last = ([line.split()[0] for line in found.group(1).splitlines()] for found in (first, last))
    assert first[-1] in last, f"commands may be between {first} and {last}"
    return first + last[last.index(first[-1]) + 1:]


def commands(screen):
    """Each command is typed, and the screen shows its answer and the next prompt."""
    names = listed(screen)
    assert sorted((*TYPED, *ENDS)) == names, f"help lists {names}"
    for name, (text, shown) in TYPED.items():
        assert re.search(rf"(^|[\n|;&] *){name}\b", text), f"'{name}' is not typed"
        screen.type_echoed(text + "\n")
        line = re.escape(text.splitlines()[-1])
        screen.expect(rf"^stalactite\$ {line}\n(?:.*\n)*?{shown} *\n(?:.*\n)*?{AT_THE_PROMPT}")
        while name == "kill" and KILLED not in screen.lines():  # the shell tells the end before a prompt
            screen.type_echoed("\n")
    screen.expect(rf"^stalactite\$ {CRASH}\n" + "".join(rf"(?=(?:.*\n)*?.*{part})" for part in REPORTED) +
                  rf"(?:.*\n)*?'{CRASH}' was ended: .*\n(?:.*\n)*?{AT_THE_PROMPT}")


def interrupts(screen):
    """Control-C ends what runs, and the line that is typed."""
    for line, shown in INTERRUPTED:
        screen.type_echoed(line + "\n")
        screen.expect(shown + r".*\n*\Z" if shown else rf"^stalactite\$ {re.escape(line)}\n+\Z")
        screen.press("ctrl", "c")
        screen.expect(rf"\^C\n(?:.*\n)*{AT_THE_PROMPT}")
    screen.type_echoed("echo half of it")
    screen.press("ctrl", "c")
    screen.expect(rf"^stalactite\$ echo half of it\^C\n{AT_THE_PROMPT}")


def long_line(screen):
    """For each of ten thousand characters more than a line has room for there is a bell, and no harm is done."""
    heard = screen.heard.count(b"\a")
    while screen.heard.count(b"\a") < heard + LONG_LINE:
        screen.hold("x", HELD_AT_ONCE)
    screen.expect(r"^stalactite\$ x+\n*\Z")
    screen.press("ctrl", "c")
    screen.type_echoed("echo safe\n")
    screen.expect(r"^stalactite\$ echo safe\nsafe\n" + AT_THE_PROMPT)


def ends(screen):
    """monitor, reboot, exit and poweroff do what they say; exit is followed by the monitor, which starts a shell."""
    screen.type_echoed("monitor\n")
    screen.expect(r"^stalactite> *\n*\Z")
    screen.type_echoed("resume\n")
    screen.expect(r"^stalactite\$ monitor\n(?:.*\n)*" + AT_THE_PROMPT)
    screen.set_action(reboot="reset")
    screen.type_echoed("reboot\n")
    screen.expect(r"\A(?!(?:.*\n)*stalactite\$ reboot)(?:.*\n)*" + AT_THE_PROMPT, 240)
    screen.type_echoed("exit 5\n")
    screen.expect(r"the first program has ended with status 5\n(?:.*\n)*stalactite> *\n*\Z")
    screen.type_echoed("run shell\n")
    screen.expect(r"'exit' to leave\.\n(?:.*\n)*" + AT_THE_PROMPT)
    screen.type("poweroff\n")  # the end is no echo
    return screen.machine.wait_end()


def check_keys(start):
    """every command that help lists and a line of 10,000 characters are typed, and the screen shows what comes"""
    screen = Screen(start())
    screen.expect(AT_THE_PROMPT, 240)
    commands(screen)
    interrupts(screen)
    long_line(screen)
    assert ends(screen) in (0, 33)
