"""Whole rows against fake emulators: what the judge says, and that hangs end."""

import dataclasses
import os
import signal
import tempfile
import time

import pytest
from outputs import FAILED, GOOD, IDS, PANIC, SKIPPED, edited
from runner import boot, exemptions, machine
from runner.qemu import Qemu
from runner.row import Row

ROW = Row("fake", limit_seconds=300, silence_seconds=300)


def run(paths, row=ROW, ids=IDS, listed="", ci=True):
    return boot.run(row, Qemu(row, paths), ids, exemptions.parse(listed), ci)


class Clock:
    """The runner's clock, which the test puts forward: a hang that no busy machine brings early."""

    def __init__(self):
        self.ahead = 0

    def monotonic(self):
        return time.monotonic() + self.ahead


@pytest.fixture(name="clock")
def fixture_clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(boot, "time", clock)
    monkeypatch.setattr(boot, "NMI_SILENCE_SECONDS", 1)
    return clock


def failures(group):
    return {case.name: case.detail for case in group.cases if case.outcome == "failed"}


def test_good_row_passes(fake_paths):
    group = run(fake_paths(GOOD.encode()))
    assert failures(group) == {} and not group.failed
    assert len(group.cases) == len(IDS) + 1


def test_triple_fault_is_told_in_words(fake_paths):
    group = run(fake_paths(GOOD[:GOOD.index("ok 2")].encode(), status=0))
    assert "triple fault" in failures(group)["machine"]
    assert failures(group)["AAA0002"] == "did not end"
    assert failures(group)["BBB0001"] == "did not run"


def test_status_zero_after_perfect_output_is_a_failure(fake_paths):
    assert "expected 33" in failures(run(fake_paths(GOOD.encode(), status=0)))["machine"]


@pytest.mark.parametrize("status", [1, 35, 37, -6])
def test_other_status_after_perfect_output_is_a_failure(fake_paths, status):
    assert "expected 33" in failures(run(fake_paths(GOOD.encode(), status=status)))["machine"]


def test_failed_test_is_one_failure_when_the_status_agrees(fake_paths):
    found = failures(run(fake_paths(FAILED.encode(), status=35)))
    assert list(found) == ["AAA0002 the second, too"]


def test_failed_test_with_status_of_success_is_two(fake_paths):
    found = failures(run(fake_paths(FAILED.encode(), status=33)))
    assert "expected 35" in found["machine"] and len(found) == 2


def test_unlisted_skip_fails_in_ci(fake_paths):
    paths = fake_paths(SKIPPED.encode())
    assert "does not list it" in failures(run(paths))["AAA0002 the second, too"]
    group = run(paths, ci=False)
    assert not group.failed and group.count("skipped") == 1


def test_listed_skip_is_a_skip(fake_paths):
    group = run(fake_paths(SKIPPED.encode()), listed="fa* AAA0002 has no such CPU")
    assert not group.failed and group.count("skipped") == 1 and group.count("passed") == 3
    group = run(fake_paths(SKIPPED.encode()), listed="other AAA0002 has no such CPU")
    assert group.failed


def test_fewer_tests_than_the_kernel_has_is_a_failure(fake_paths):
    found = failures(run(fake_paths(GOOD.encode()), ids=IDS + ["CCC0001"]))
    assert found["CCC0001"] == "did not run" and "1 of 4 tests" in found["machine"]


def test_unknown_test_is_a_failure(fake_paths):
    assert "BBB0001 reported" in failures(run(fake_paths(GOOD.encode()), ids=IDS[:2]))["machine"]


def test_row_that_selects_nothing_is_a_failure(fake_paths):
    text = "KTAP version 1\n1..0\n# totals: passed 0 failed 0 skipped 0\n# end of tests\n"
    assert "no test at all" in failures(run(fake_paths(text.encode()), ids=[]))["machine"]


def test_panic_in_a_test_is_a_failure(fake_paths):
    found = failures(run(fake_paths(PANIC.encode(), status=37)))
    assert "panicked in AAA0002" in found["machine"] and "magazine_take" in found["machine"]


def test_garbage_is_a_failure_even_if_all_else_is_right(fake_paths):
    text = edited("# some diagnostic", "oks 2 AAA")
    assert "garbage" in failures(run(fake_paths(text.encode())))["machine"]


def test_hang_is_asked_by_nmi_and_ended(fake_paths, clock):
    paths = fake_paths(GOOD[:GOOD.index("ok 2")].encode(), mode="hang")
    machine = Qemu(ROW, paths)

    def watch(reader):
        clock.ahead = 1000 if reader.running == "AAA0002" else 0

    group = boot.run(ROW, machine, IDS, (), True, watch)
    text = failures(group)["machine"]
    assert "hang: not over after 300 s" in text
    assert "spin_forever" in text.split("-- after the NMI --")[1]
    assert "a line of the log" in text and "AAA0002 was running" in text
    assert machine.process.poll() is not None


def test_a_long_name_of_the_directory_for_temporary_files(fake_paths, clock, tmp_path, monkeypatch):
    long = tmp_path / ("x" * 190)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    test_hang_is_asked_by_nmi_and_ended(fake_paths, clock)


def test_silence_is_a_hang(fake_paths, clock):
    assert clock
    row = dataclasses.replace(ROW, silence_seconds=1)
    assert "not a byte for 1 s" in failures(run(fake_paths(b"", mode="hang"), row))["machine"]


def test_machine_that_talks_for_ever_is_a_hang(fake_paths, monkeypatch):
    monkeypatch.setattr(boot, "NMI_SECONDS", 1)
    row = dataclasses.replace(ROW, limit_seconds=2)
    assert "not over after 2 s" in failures(run(fake_paths(b"", mode="chatter"), row))["machine"]


def test_machine_that_stays_after_the_end_is_a_hang(fake_paths, monkeypatch, clock):
    assert clock
    monkeypatch.setattr(boot, "SETTLE_SECONDS", 1)
    found = failures(run(fake_paths(GOOD.encode(), mode="hang")))
    assert "still there" in found["machine"]


def test_missing_emulator_is_a_failure(fake_paths):
    paths = fake_paths(b"")
    paths.qemu = "/nonexistent/qemu"
    assert "cannot be started" in failures(run(paths))["machine"]


def test_over_budget_is_remarked(fake_paths):
    row = dataclasses.replace(ROW, budget_seconds=-1)
    assert "over its budget" in run(fake_paths(GOOD.encode()), row).remarks[0]


def test_forbidden_line_is_a_failure(fake_paths):
    row = dataclasses.replace(ROW, forbid=("line of the log",))
    assert "forbidden" in failures(run(fake_paths(GOOD.encode()), row))["machine"]


PANIC_ROW = dataclasses.replace(ROW, kind="panic", expect=("^PANIC: .*cover", "magazine_take"))


def test_expected_panic_passes(fake_paths):
    assert not run(fake_paths(PANIC.encode(), status=37), PANIC_ROW).failed


@pytest.mark.parametrize("pattern, wanted", [
    ("^logged first$", None),
    ("magazine_take", "no line before the panic matches 'magazine_take'"),
])
def test_lines_before_a_panic(fake_paths, pattern, wanted):
    row = dataclasses.replace(PANIC_ROW, before=(pattern,))
    output = PANIC.replace("PANIC: ", "logged first\nPANIC: ", 1)
    failed = failures(run(fake_paths(output.encode(), status=37), row))
    assert (wanted is None) == (not failed)
    assert wanted is None or wanted in failed["machine"]


@pytest.mark.parametrize("output, status, wanted", [
    (PANIC, 33, "expected 37"),
    (PANIC, 0, "triple fault"),
    (GOOD, 33, "no line begins with 'PANIC: '"),
    (PANIC.replace("magazine_take", "else"), 37, "no line matches 'magazine_take'"),
    (PANIC + "PANIC: again\n", 37, "second panic"),
    ("magazine_take\n" + PANIC.replace("magazine_take", ""), 37, "no line matches"),
])
def test_wrong_panic_fails(fake_paths, output, status, wanted):
    found = failures(run(fake_paths(output.encode(), status=status), PANIC_ROW))
    assert wanted in found["machine"]


BOOT_ROW = dataclasses.replace(ROW, kind="boot", expect=("Booting", "2 CPUs"))


def test_boot_row_passes_and_fails(fake_paths):
    assert not run(fake_paths(GOOD.encode()), BOOT_ROW).failed
    assert run(fake_paths(GOOD.encode(), status=0), BOOT_ROW).failed
    assert run(fake_paths(GOOD.replace("2 CPUs", "1 CPU").encode()), BOOT_ROW).failed
    assert run(fake_paths(PANIC.encode()), BOOT_ROW).failed


def test_lines_must_come_in_order(fake_paths):
    row = dataclasses.replace(BOOT_ROW, expect=("2 CPUs", "Booting"))
    assert "after the lines before it" in failures(run(fake_paths(GOOD.encode()), row))["machine"]


def test_lines_may_come_in_any_order_where_the_row_says_so(fake_paths):
    row = dataclasses.replace(BOOT_ROW, expect=("2 CPUs", "Booting"), ordered=False)
    assert not run(fake_paths(GOOD.encode()), row).failed
    row = dataclasses.replace(row, expect=("3 CPUs", "Booting"))
    assert run(fake_paths(GOOD.encode()), row).failed


def test_all_emulators_end_although_a_thread_holds_what_to_wait_for_them_needs(fake_paths, monkeypatch):
    """As in the handler of a signal: whoever holds the lock of a process goes on only after the handler."""
    class Sleeper(Qemu):
        def command(self):
            return ["sleep", "600"]
    one = Sleeper(ROW, fake_paths(GOOD))
    one.start()
    process, short = one.process, one._short  # pylint: disable=protected-access
    with monkeypatch.context() as held:
        held.setattr(process, "wait", lambda *_: pytest.fail("it waits"))
        held.setattr(process, "poll", lambda: pytest.fail("it asks"))
        machine.kill_all()
    assert process.wait(60) == -signal.SIGKILL and not os.path.exists(short)
    one.stop()


def test_the_processor_time_of_an_emulator_has_that_of_what_it_started(fake_paths):
    class Busy(Qemu):
        def command(self):
            return ["sh", "-c", "sh -c 'while :; do :; done'; :"]
    with Busy(ROW, fake_paths(GOOD)) as one:
        deadline = time.monotonic() + 60
        while one.processor_seconds() < 0.1:
            assert time.monotonic() < deadline
            time.sleep(0.01)
