"""A test that takes its machine with it costs the row that test alone."""

import sys
from random import Random

import pytest
from runner import boot, suite
from runner.paths import Paths
from runner.qemu import Qemu
from runner.row import Row

IDS = ["AAA0001", "AAA0002", "AAA0010", "BBB0001", "BBB0002", "CCC0001"]

# Runs the tests that -append selects, in the order of their ids, as the kernel does.
KERNEL = """#!{python}
import re, sys, time
from fnmatch import fnmatchcase
from itertools import count
LOSES = {loses!r}
patterns = re.search(r"test=(\\S+)", sys.argv[sys.argv.index("-append") + 1]).group(1)
assert len(patterns) < 256, "the kernel takes no longer option"
chosen = [name for name in {ids!r} if any(fnmatchcase(name, p) for p in patterns.split(","))]
print(f"KTAP version 1\\n1..{{len(chosen)}}", flush=True)
for number, name in enumerate(chosen, 1):
    print(f"# {{name}} starting", flush=True)
    how = LOSES.get(name)
    if how == "hang":
        time.sleep(1000)
    elif how == "panic":
        print("PANIC: it is broken")
        sys.exit(37)
    elif how == "reset":
        sys.exit(0)
    print(f"ok {{number}} {{name}} its sentence", flush=True)
    if how == "after":
        sys.exit(0)
print(f"# totals: passed {{len(chosen)}} failed 0 skipped 0\\n# end of tests")
sys.exit(33)
"""


class Clock:
    """The runner's clock, put forward when a test hangs."""

    ahead = 0

    def monotonic(self):
        import time
        return time.monotonic() + self.ahead


@pytest.fixture(name="run")
def fixture_run(tmp_path, monkeypatch):
    """A function that runs a row on a kernel whose tests lose their machines so."""
    clock = Clock()
    monkeypatch.setattr(boot, "time", clock)
    monkeypatch.setattr(boot, "NMI_SILENCE_SECONDS", 0)

    def run(loses, tests="*", ids=tuple(IDS)):
        program = tmp_path / "qemu"
        program.write_text(KERNEL.format(python=sys.executable, loses=loses, ids=list(ids)))
        program.chmod(0o755)
        paths = Paths(str(tmp_path))
        paths.qemu = str(program)
        started, said = [], []

        def start(row):
            started.append(row)
            return Qemu(row, paths)

        def watch(reader, _):
            if loses.get(reader.running) == "hang":
                clock.ahead += 1000

        group = suite.Suite(Row("row", tests=tests), suite.select(ids, tests), list(ids),
                            said.append).run(start, watch)
        return group, started, said
    return run


def outcomes(group):
    return {case.name.split(" ")[0]: case.outcome for case in group.cases
            if not case.name.startswith("machine")}


@pytest.mark.parametrize("how, detail", [
    ("hang", "did not end"), ("panic", "panicked in it"), ("reset", "did not end")])
@pytest.mark.parametrize("test_id", [IDS[0], IDS[2], IDS[-1]])
def test_a_lost_machine_costs_one_test(run, how, detail, test_id):
    group, started, said = run({test_id: how})
    assert outcomes(group) == {name: "failed" if name == test_id else "passed" for name in IDS}
    bad = next(case for case in group.cases if case.name == test_id)
    assert detail in bad.detail
    last = test_id == IDS[-1]
    assert len(started) == 1 + (not last) and len({row.name for row in started}) == len(started)
    assert (f"row: {test_id} took its machine with it" in "".join(said)) == (not last)
    machines = [case.outcome for case in group.cases if case.name.startswith("machine")]
    assert machines == ["failed"] + ["passed"] * (not last)


def test_a_machine_that_is_lost_after_a_test_costs_none(run):
    group, started, _ = run({"AAA0002": "after"})
    assert set(outcomes(group).values()) == {"passed"} and len(started) == 2
    assert group.failed, "but the machine has failed"


def test_several_lost_machines_cost_several_tests(run):
    lost = {"AAA0001": "panic", "AAA0002": "reset", "BBB0002": "panic"}
    group, started, _ = run(lost)
    assert outcomes(group) == {name: "failed" if name in lost else "passed" for name in IDS}
    assert len(started) == 4


def test_only_what_the_row_selects_runs_again(run):
    group, started, _ = run({"AAA0001": "panic"}, "A*,CCC0001")
    assert sorted(outcomes(group)) == ["AAA0001", "AAA0002", "AAA0010", "CCC0001"]
    assert suite.select(IDS, started[1].tests) == ["AAA0002", "AAA0010", "CCC0001"]


def test_a_kernel_that_loses_every_machine_is_given_up(run):
    ids = [f"AAA{number:04}" for number in range(20)]
    group, started, _ = run(dict.fromkeys(ids, "panic"), ids=ids)
    assert len(started) == suite.LOST_MAX + 1
    assert set(outcomes(group).values()) == {"failed"} and len(outcomes(group)) == len(ids)


def test_a_machine_that_is_lost_before_the_first_test_is_not_tried_again(run):
    group, started, _ = run({}, tests="ZZZ*")
    assert group.failed and len(started) == 1


def test_more_patterns_than_the_kernel_takes_are_several_portions():
    ids = [f"AAA{number:04}" for number in range(1000)]
    left = sorted(Random(1).sample(ids, 200))
    while left:
        text = suite.portion(left, ids)
        chosen = suite.select(ids, text)
        assert len(text) <= suite.PATTERNS_BYTES and chosen and set(chosen) <= set(left)
        left = [test_id for test_id in left if test_id not in chosen]


@pytest.mark.parametrize("wanted", [IDS, IDS[1:], IDS[::2], IDS[:1], ["AAA0010", "CCC0001"]])
def test_patterns_select_exactly_what_is_wanted(wanted):
    patterns = suite.patterns_for(set(wanted), IDS)
    assert suite.select(IDS, ",".join(patterns)) == wanted
