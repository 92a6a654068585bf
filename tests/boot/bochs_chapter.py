"""Types every debugger command of docs/bochs.md in order, and compares the answers.

Addresses differ between builds. A number in the chapter is therefore bound to a number of this
machine when it first appears in an answer. From then on it must always stand for that number, in
answers and in later commands. Lines that the chapter leaves out do not matter. Lines that it shows
must appear in its order.
"""

import os
import re
import sys

import pytest

PROMPT = r"<bochs:\d+> "
RECORDED_WITH = "2.7"
BLOCK = re.compile(r"^```\n(<bochs:.*?)^```", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{16}\b|\b\d{6,}\b")
SMALL = 0x1000  # smaller numbers are compared without bindings
LIMIT_SECONDS = 900  # for each answer; a longer wait is a hang


def value_of(text):
    """Returns the value of a number in Bochs's notation: 0x12, 16 hexadecimal digits, a tick."""
    return int(text, 16) if text.startswith("0x") or len(text) == 16 else int(text)


def steps_of(chapter):
    """Returns [(command, [lines of the answer])] of the chapter's code blocks."""
    steps = []
    for block in BLOCK.findall(chapter):
        for line in block.splitlines():
            match = re.match(PROMPT + "(.*)", line)
            if match:
                steps.append((match.group(1), []))
            elif line.strip():
                steps[-1][1].append(line)
    return steps


def shape_of(line):
    """Returns (the part that must be equal, the numbers) of a line. Only the mnemonic of an
    instruction counts, and only the function of an address in it. A name in angle brackets is a
    guess by Bochs and does not count."""
    line = re.sub(r"<[^>]*>", "<>", line)
    line = re.sub(r"(\): \w+)\s.*", r"\1", line)
    line = re.sub(r"\((\s*\w+)\+[0-9a-f]+\)", r"(\1)", line)
    numbers = [value_of(text) for text in NUMBER.findall(line)]
    words = NUMBER.sub(lambda m: str(value_of(m.group())) if value_of(m.group()) < SMALL else "#",
                       line)
    return " ".join(words.replace("( ", "(").split()), numbers


class Bindings:
    """The bindings of the chapter's numbers to this machine's numbers."""

    def __init__(self):
        self.known = {}

    def fits(self, wanted, answer):
        """Returns whether a line of the answer fits the chapter's line. Binds its numbers if so."""
        shape, numbers = shape_of(wanted)
        other, actual = shape_of(answer)
        if shape.replace("( ", "(") != other.replace("( ", "(") or len(numbers) != len(actual):
            return False
        fresh = {}
        for number, real in zip(numbers, actual):
            if self.known.get(number, fresh.get(number, real)) != real:
                return False
            if number >= SMALL:
                fresh[number] = real
        self.known.update(fresh)
        return True

    def translate(self, command):
        """Returns the chapter's command with this machine's numbers."""
        def exchange(match):
            return hex(self.known.get(value_of(match.group()), value_of(match.group())))
        return re.sub(r"0x[0-9a-f]{5,}", exchange, command)


def judge(wanted, answer, bindings):
    """Returns the first of the chapter's lines that is missing in the answer, or None."""
    lines = iter(answer.splitlines())
    for line in wanted:
        if not any(bindings.fits(line, other) for other in lines):
            return line
    return None


def check_bochs_chapter(start):
    """every command of docs/bochs.md works in `make bochs`, and answers what the chapter shows"""
    import pexpect  # pylint: disable=import-outside-toplevel  # needed only with Bochs

    sys.path.insert(0, os.path.join(start.paths.root, "tools", "debug"))
    with open(os.path.join(start.paths.root, "docs", "bochs.md"), encoding="utf-8") as file:
        steps = steps_of(file.read())
    assert len(steps) > 20, "the chapter's commands are not found"
    start.make_iso()
    command, *arguments = start.paths.make_command("bochs", "BOCHS_SMP=1", "BOCHS_SCREEN=rfb",
                                                     "CMDLINE=demo=1")
    child = pexpect.spawn(command, arguments, env=start.paths.make_environment(TERM="dumb"),
                          encoding="latin-1", timeout=LIMIT_SECONDS, dimensions=(60, 400))
    child.expect(PROMPT)
    version = re.search(r"Bochs x86 Emulator (\S+)", child.before)
    bindings = Bindings()
    for number, (command, wanted) in enumerate(steps, 1):
        typed = bindings.translate(command)
        child.sendline(typed)
        child.expect(PROMPT)
        answer = child.before.replace("\r", "")
        assert "syntax error" not in answer, f"{number}: {typed}: {answer}"
        if version and version.group(1) == RECORDED_WITH:
            missing = judge(wanted, answer, bindings)
            assert missing is None, f"{number}: {typed}\nthe chapter has: {missing}\n{answer}"
        elif number == 4:
            child.close(force=True)
            pytest.skip(f"the chapter's answers are those of Bochs {RECORDED_WITH}; this is"
                        f" {version.group(1) if version else 'another'}")
    child.sendline("q")
    child.expect(pexpect.EOF)
    child.wait()
    # The chapter's statements about its numbers must hold on this machine, too.
    gate = bindings.known[0x80158e01]
    assert gate & 0xffff == 0x8e01, f"the gate's second word is {gate:#x}"
    edge = bindings.known[0xffffc000000270e8] & ~0xfff
    assert bindings.known[0xffffc00000026f38] < edge, "CR2 is not below the edge"


def check_comparison():
    """a wrong answer to a command of the chapter is noticed"""
    wanted = ["PTE: 0x0000000000004004       g pat d a pcd pwt U R p"]
    for answer, fits in (("PTE: 0x0000000000007004       g pat d a pcd pwt U R p", True),
                         ("PTE: 0x0000000000007004 XD    g pat d a pcd pwt U R P", False)):
        assert (judge(wanted, answer, Bindings()) is None) is fits, answer
    bindings = Bindings()
    assert judge(["a 0x4004", "b 0x5555"], "a 0x7004\nb 0x6666", bindings) is None
    assert judge(["c 0x4004"], "c 0x7004", bindings) is None
    assert judge(["c 0x4004"], "c 0x7005", bindings) == "c 0x4004"
    assert judge(["x 0x00000001"], "x 0x00000002", bindings) == "x 0x00000001"
    assert bindings.translate("page 0x5555") == "page 0x5555", "short numbers stay as they are"
    assert steps_of("```\n<bochs:1> c\none\n```\ntext\n```\n<bochs:2> q\n```\n") == [
        ("c", ["one"]), ("q", [])]
