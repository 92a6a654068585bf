"""Fake outputs for the runner's own tests: a good one, and edits that make it bad."""

GOOD = """\
\x1b[2J\x1b[01;01HBooting Stalactite...\r
[    0.000000] Stalactite, 2 CPUs, 512 MiB\r
KTAP version 1\r
1..3\r
# AAA0001 starting\r
ok 1 AAA0001 the first does what it says\r
# AAA0002 starting\r
[    0.123456] a line of the log\r
# some diagnostic\r
ok 2 AAA0002 the second, too\r
# BBB0001 starting\r
ok 3 BBB0001 the third\r
# totals: passed 3 failed 0 skipped 0\r
# end of tests\r
[    0.500000] leaving\r
"""

IDS = ["AAA0001", "AAA0002", "BBB0001"]


def edited(old, new, text=GOOD):
    """The text with one place replaced; the place must be there once."""
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the text"
    return text.replace(old, new)


SKIPPED = edited("skipped 0", "skipped 1", edited("passed 3", "passed 2", edited(
    "ok 2 AAA0002 the second, too", "ok 2 AAA0002 the second, too # SKIP no such CPU")))

FAILED = edited("failed 0", "failed 1", edited("passed 3", "passed 2", edited(
    "ok 2 AAA0002", "not ok 2 AAA0002")))

PANIC = GOOD[:GOOD.index("# some diagnostic")] + """\
PANIC: stack fault without cover\r
rip 0xffffffff80001234 magazine_take+0x12\r
"""
