"""Tests a user's session at the monitor: editing, history, completion and the commands' answers, on
the serial line and on the keyboard.
"""

import re

UP, DOWN, LEFT = "\x1b[A", "\x1b[B", "\x1b[D"
HOME, END, DELETE = "\x1b[H", "\x1b[4~", "\x1b[3~"
CONTROL_A, CONTROL_C, CONTROL_E, CONTROL_K = "\x01", "\x03", "\x05", "\x0b"
CONTROL_U, CONTROL_W, CONTROL_L = "\x15", "\x17", "\x0c"
KEYS = {" ": "spc", "\r": "ret"}

# Typed lines, and the patterns that the answer must have, in this order.
LOOKING = (
    ("threads", r"id +name +state", r" main +running", r"\d+ threads"),
    ("stacks", r"backed", r"\d+ slots made", r"% saved"),
    ("mag", r"rounds", r"^  0 +\d+ of", r"^  1 +\d+ of", r"^The reserve:"),
    ("mem", r"owner +frames", r"^stack +\d+", r"^free +\d+", r"^all +\d+"),
    ("cpus", r"APIC id", r"^  0 ", r"^  1 "),
    ("irqs", r"vector", r"serial +[1-9]"),
    ("bt main", r"^Thread \d+ \(main\)", r"monitor_run"),
    ("pte boot_main", r"in kernel image, boot_main\+0x0", r"L1\[.*present"),
    ("pte 0", r"in lower half", r"not present|nothing"),
    ("log", r"^\[ +\d+\.\d{6}\] Stalactite"),
    ("ensure", r"on a stack of 256 KiB", r"stack_ensure\(\) +50 +0 +14 ", r"release\(\) +4 +0 +60 "),
    ("ensure 2000000", r"out of range. Nothing has changed"),
    ("pte 0xffffc02000030000", r"stack slot 4194319, of 256 KiB: guard"),
    ("help options", r"^  magazine=7-64 pages", r"^  seed="),
)
NONSENSE = (
    ("hepl", r"no command 'hepl'. Did you mean 'help'\?"),
    ("thraeds", r"Did you mean 'threads'\?"),
    ("make me a sandwich", r"no command 'make'; 'help' lists the commands"),
    ("pte", r"^Usage: pte ADDRESS"),
    ("pte nowhere", r"neither a number"),
    ("pte 0x123456789abcdef0", r"not canonical"),
    ("bt 99999", r"no thread '99999'"),
    ("fault 99999999999999999999", r"^Usage: fault"),
    ("fault 20000", r"at most"),
    ("ensure lots", r"^Usage: ensure"),
    ("stacks dead", r"^Usage: stacks"),
    ("help nothing", r"no command 'nothing'"),
    ("1 2 3 4 5 6 7 8 9", r"more than 8 words"),
    ('help "', r"quote is not closed"),
    ("x" * 400, r"no command 'x+'"),
)


def prompt(start, **changes):
    """Returns a machine that is at its prompt."""
    machine = start(**changes)
    machine.wait_prompt()
    return machine


def ask(machine, typed, *patterns):
    """Types a line, waits for lines that match in this order and for the prompt, and returns the
    output. The edited line is redrawn many times, so the prompt alone does not show the end."""
    machine.drain()
    first = position = len(machine.reader.lines)
    machine.send(typed + "\r")
    for pattern in patterns:
        position = machine.expect(pattern, start=position)
    machine.wait_prompt(start=position)
    return machine.reader.lines[first:]


def check_editing(start):
    """a line can be edited with arrows, Home, End, Delete and the control keys"""
    machine = prompt(start)
    ask(machine, "hlp" + LEFT + LEFT + "e" + END + " help", r"^  help \[COMMAND")
    ask(machine, "xhelp irqs" + HOME + DELETE, r"^  irqs +count")
    ask(machine, "p mem" + CONTROL_A + "hel" + CONTROL_E + "x\x7f", r"^  mem +show")
    ask(machine, "help mag junk" + CONTROL_W, r"^  mag +show")
    ask(machine, "junk" + CONTROL_U + "help bt", r"^  bt THREAD")
    ask(machine, "help pte junk" + LEFT * 5 + CONTROL_K, r"^  pte ADDRESS")
    ask(machine, "help cpus" + CONTROL_L, r"^  cpus +list")
    machine.send("panic" + CONTROL_C)
    ask(machine, "help help", r"^  help \[COMMAND")


def check_history(start):
    """earlier lines come back with the arrows, and can be edited"""
    machine = prompt(start)
    ask(machine, "help mem", r"^  mem ")
    ask(machine, "help mag", r"^  mag ")
    ask(machine, UP, r"^  mag ")
    ask(machine, UP + UP, r"^  mem ")
    ask(machine, "help bt" + UP + DOWN, r"^  bt ")
    ask(machine, UP + "\x7f\x7fpte", r"^  pte ")


def check_completion(start):
    """Tab completes a command's name, and lists what is not certain"""
    machine = prompt(start)
    ask(machine, "he\tpt\te", r"^  pte ")
    ask(machine, "help th\t", r"^  threads ")
    first = len(machine.reader.lines)
    machine.send("p\t")
    machine.expect(r"^panic  poweroff  ptdump  pte", start=first)
    machine.send(CONTROL_U)
    ask(machine, "help help", r"^  help \[COMMAND")


def check_nonsense(start):
    """each mistake gets the sentence that helps"""
    machine = prompt(start)
    for typed, pattern in NONSENSE:
        ask(machine, typed, pattern)
    machine.send("\x1b[99;99Z\x1bO\x1b\x1b[\x7f" + CONTROL_U)
    ask(machine, "help help", r"^  help \[COMMAND")


def check_looking(start):
    """the commands that look at the machine say what they should"""
    machine = prompt(start)
    for typed, *patterns in LOOKING:
        ask(machine, typed, *patterns)
    answer = ask(machine, "bt reclaimer", r"^Thread \d+ \(reclaimer\)")
    assert any(re.search(r"#0 .*\+0x", line) for line in answer), answer


def check_page_tables(start):
    """ptdump lists every region, and nothing is writable and executable"""
    answer = ask(prompt(start), "ptdump", r"^direct map", r"^entry stacks", r"^kernel image",
                 r"^stack object", r"slots? +0")
    ranges = [line for line in answer if re.match(r"  0x[0-9a-f]{16} +\d+ .iB ", line)]
    assert len(ranges) > 5, "too few ranges"
    wrong = [line for line in ranges if " rwx" in line]
    assert not wrong, f"writable and executable: {wrong}"
    assert not any("lower half" in line for line in answer), "the lower half has mappings"


def check_growing(start):
    """fault makes a stack grow page by page, with interrupts off and a lock held too"""
    machine = prompt(start)
    for manner in ("", " irq-off", " lock"):
        answer = ask(machine, "fault 14000" + manner, r"^Thread \d+ on CPU", r"TSC ticks",
                     r"recurse", r"recurse", r"recurse", r"^  3 stack faults, \d+ bytes deep")
        deep = int(re.search(r"(\d+) bytes deep in \d+ calls", "\n".join(answer)).group(1))
        assert 14000 <= deep < 16384, answer
    ask(machine, "overflow", r"stack overflow: thread \d+ \(fault\)", r"recurse",
        r"The thread has ended, and the machine goes on")
    ask(machine, "fault 5000", r"^  1 stack fault, \d+ bytes deep")


def check_live_map(start):
    """stacks live shows pages and depth of each stack, magazines and rates, until a key is pressed"""
    machine = prompt(start)
    first = len(machine.reader.lines)
    machine.send("stacks live\r")
    for _ in range(3):
        first = machine.expect(r"^ +0  ([1-4a-ds][0-9a-f-] |[.c]  ){22}", start=first)
        first = machine.expect(r"slots made", start=first)
        first = machine.expect(r"^magazines( \d+){2}; reserve \d+ of \d+", start=first)
    machine.expect(r"^a second: switches \d", start=first)
    machine.send("x")
    machine.wait_prompt(start=first + 1)
    ask(machine, "help help", r"^  help \[COMMAND")


def check_keyboard(start):
    """what is typed on the PS/2 keyboard is a line like any other"""
    machine = prompt(start, machine="pc")
    connection, first = machine.qmp(), len(machine.reader.lines)
    typed = ""
    for character in "help mex\b\bag\r":
        name = "backspace" if character == "\b" else KEYS.get(character, character)
        connection.execute("send-key", keys=[{"type": "qcode", "data": name}])
        typed = typed[:-1] if character == "\b" else typed + character
        if character != "\r":
            machine.wait_echo("> " + typed)  # the keyboard buffers only a few keys
    machine.expect(r"^  mag +show", start=first)
    machine.wait_prompt(start=first + 2)
    ask(machine, "irqs", r"keyboard +[1-9]")
