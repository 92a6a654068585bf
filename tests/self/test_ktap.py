"""The KTAP reader accepts what is right and complains about each way of being wrong."""

import pytest
from outputs import FAILED, GOOD, IDS, PANIC, SKIPPED, edited
from runner import ktap


def read(text):
    return ktap.read(text.encode())


def complaints(text):
    return "\n".join(read(text).complaints)


def test_good_output_has_no_complaint():
    reader = read(GOOD)
    assert reader.complaints == []
    assert [result.id for result in reader.results] == IDS
    assert reader.results[1].sentence == "the second, too"
    assert reader.results[1].notes == ["some diagnostic"]
    assert reader.terminated and reader.plan == 3


def test_a_failed_check_in_user_mode_is_a_diagnostic():
    line = "[    0.123456] test: user/test/heap_test.c:12: a is 1 (0x1), not 2 (0x2)"
    reader = read(edited("[    0.123456] a line of the log", line))
    assert reader.complaints == []
    assert reader.results[1].notes == [line[line.index("user/"):], "some diagnostic"]


def test_bytes_may_come_one_at_a_time():
    reader = ktap.Reader()
    for byte in GOOD.encode():
        reader.feed(bytes([byte]))
    reader.finish()
    assert reader.complaints == [] and len(reader.results) == 3


def test_lines_may_end_without_carriage_return():
    assert read(GOOD.replace("\r", "")).complaints == []


def test_skip_and_failure_are_outcomes_and_no_complaints():
    reader = read(SKIPPED)
    assert reader.complaints == []
    assert (reader.results[1].outcome, reader.results[1].reason) == ("skipped", "no such CPU")
    reader = read(FAILED)
    assert reader.complaints == [] and reader.results[1].outcome == "failed"


BAD = {
    "empty": ("", "no header"),
    "only a log": ("[    0.000000] hello\n", "no header"),
    "missing terminator": (edited("# end of tests\r\n", ""), "no terminator"),
    "cut in a test": (GOOD[:GOOD.index("ok 3")], "no terminator.*BBB0001 was running"),
    "cut in a line": (GOOD[:GOOD.index("the third")], "middle of a line"),
    "duplicate id": (GOOD.replace("BBB0001", "AAA0002"), "duplicate id AAA0002"),
    "plan too large": (edited("1..3", "1..4"), "plan says 4 tests, 3"),
    "plan too small": (edited("1..3", "1..2"), "plan says 2 tests, 3"),
    "no plan": (edited("1..3\r\n", ""), "not a plan"),
    "second plan": (edited("ok 1 AAA0001", "1..3\r\nok 1 AAA0001"), "second plan"),
    "wrong number": (edited("ok 3 BBB", "ok 4 BBB"), "number 4, expected 3"),
    "totals disagree": (edited("passed 3", "passed 2"), "totals say"),
    "no totals": (edited("# totals: passed 3 failed 0 skipped 0\r\n", ""), "no line of totals"),
    "malformed totals": (edited("# totals: passed 3", "# totals: passed three"),
                         "malformed totals"),
    "garbage": (edited("# some diagnostic", "some diagnostic"), "garbage: 'some diag"),
    "two CPUs in one line": (edited("ok 2 AAA", "[    0.1ok 2 AAA"), "garbage"),
    "bytes of noise": (edited("a line of the log", "a \x01\x7f line"), "garbage"),
    "skip without a reason": (edited("the third", "the third # SKIP"), "without a reason"),
    "failed and skipped": (edited("ok 3 BBB0001 the third",
                                  "not ok 3 BBB0001 the third # SKIP why"), "both failed and"),
    "result not started": (edited("# BBB0001 starting\r\n", ""), "nothing was started"),
    "started twice": (edited("ok 1 AAA0001 the first does what it says\r\n", ""),
                      "AAA0002 started before AAA0001 reported"),
    "KTAP after the end": (GOOD + "ok 4 CCC0001 late\n", "KTAP after the terminator"),
    "garbage after the end": (GOOD + "\x00\x00huh\n", "garbage after the terminator"),
    "booted twice": (GOOD + GOOD, "did the machine boot twice"),
    "rebooted in the middle": (edited("# BBB0001 starting", "KTAP version 1"), "second header"),
    "result before the header": ("ok 1 AAA0001 early\n" + GOOD, "before the header"),
    "result after totals": (edited("# end of tests", "ok 4 CCC0001 late\r\n# end of tests"),
                            "after the totals"),
    "panic": (PANIC, "panicked in AAA0002: stack fault without cover"),
    "no sentence": (edited("ok 3 BBB0001 the third", "ok 3 BBB0001"), "garbage"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_output_is_told(name):
    import re
    text, wanted = BAD[name]
    found = complaints(text)
    assert re.search(wanted, found), f"complaints: {found!r}"
