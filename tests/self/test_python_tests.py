"""Tests that pytest runs for the runner: checks, scripts that talk to a machine, and their ends."""

import os
import shutil
import subprocess
import sys
import threading
import time

import pytest
from outputs import GOOD
from runner import program, python_tests
from runner.paths import BuildError, Paths
from runner.row import Row

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.fixture(name="fake_tests")
def fixture_fake_tests(tmp_path):
    """A tree with the parts of tests/ that pytest needs there, and no tests."""
    for name in ("pytest.ini", "conftest.py", "boot/conftest.py", "tree/test_tree.py"):
        target = tmp_path / "tests" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.join(TESTS, name), target)
    os.symlink(os.path.join(TESTS, "runner"), tmp_path / "tests" / "runner")
    return tmp_path


def test_failing_pytest_is_a_failure(tmp_path):
    directory = tmp_path / "self"
    directory.mkdir()
    (directory / "test_x.py").write_text("def test_a():\n    assert 1 == 1\n"
                                         "def test_b():\n    assert 1 == 2\n")
    made = python_tests.self_tests(Paths(str(tmp_path)), lambda _: None, str(directory))
    assert (made.count("passed"), made.count("failed")) == (1, 1)
    for text in ("syntax error here\n", "# no test\n"):
        (directory / "test_x.py").write_text(text)
        assert python_tests.self_tests(Paths(str(tmp_path)), lambda _: None, str(directory)).failed


def test_checks_are_judged_by_status(fake_tests):
    checks = fake_tests / "tools" / "check"
    checks.mkdir(parents=True)
    (checks / "check_a.py").write_text("print('warning: w')")
    (checks / "check_b.py").write_text("raise SystemExit('bad tree')")
    (checks / "check_c.py").write_text("print('no tool'); raise SystemExit(77)")
    (checks / "check_d.py").write_text("raise SystemExit(77)")
    made = python_tests.checks(Paths(str(fake_tests)), lambda _: None)
    assert [(case.name, case.outcome) for case in made.cases] == [
        ("check_a.py", "passed"), ("check_b.py", "failed"), ("check_c.py", "skipped"),
        ("check_d.py", "failed")]
    assert "no tool" in made.cases[2].detail and "bad tree" in made.cases[1].detail
    assert made.remarks == ["warning: w"]


def test_a_tree_without_checks_is_a_failure(fake_tests):
    assert python_tests.checks(Paths(str(fake_tests)), lambda _: None).failed


SCRIPT = '''"""Fake conversation."""
import pytest

def check_good(start):
    """finds the line"""
    machine = start()
    assert machine.expect("2 CPUs") == 2
    machine.note("it has 2 CPUs")

def check_missing(start):
    """waits in vain"""
    start().expect("3 CPUs")

def check_skipped(start):
    """cannot"""
    pytest.skip("no such machine")

def check_status(start):
    """leaves with its status"""
    assert start(memory_mib=64).wait_end() == 33
'''


def script_row(fake_paths, tree, text, mode=""):
    """Writes a script with two rows, and returns the second row and a function that runs it."""
    fake = fake_paths(GOOD.encode(), mode=mode)
    (tree / "tests/boot/talk.py").write_text(text)
    (tree / "tests/matrix.py").write_text(
        "from runner.row import Row\nROWS = tuple(Row(name, kind='script',"
        " script='tests/boot/talk.py') for name in ('other', 'talk'))\n")
    os.environ["QEMU"] = fake.qemu
    return Row("talk", kind="script", script="tests/boot/talk.py")


@pytest.fixture(autouse=True)
def fixture_environment(monkeypatch):
    monkeypatch.setenv("QEMU", "")


def test_script_rows(fake_paths, fake_tests):
    row, said = script_row(fake_paths, fake_tests, SCRIPT), []
    group = python_tests.script(row, Paths(str(fake_tests)), said.append)
    assert [(case.name, case.outcome) for case in group.cases] == [
        ("check_good: finds the line", "passed"), ("check_missing: waits in vain", "failed"),
        ("check_skipped: cannot", "skipped"), ("check_status: leaves with its status", "passed")]
    detail = group.cases[1].detail
    assert "no line matches '3 CPUs'" in detail and "last lines of the machine" in detail and "# end of tests" in detail
    assert "no such machine" in group.cases[2].detail and group.remarks == ["it has 2 CPUs"]
    assert any("check_good[talk]" in text for text in said)


def test_words_for_make_reach_a_script(fake_paths, fake_tests):
    row = script_row(fake_paths, fake_tests, '"""Fake."""\ndef check_words(start):\n    """has them"""\n'
                     "    assert (start.paths.words, start.paths.jobs) == (['CC=clang', 'V=1'], 3)\n")
    paths = Paths(str(fake_tests), jobs=3, words=["CC=clang", "V=1"])
    assert python_tests.script(row, paths, lambda _: None).count("passed") == 1


def test_a_script_that_is_ended_leaves_no_emulator(fake_paths, fake_tests):
    row = script_row(fake_paths, fake_tests, '"""Fake."""\ndef check_hang(start):\n    """hangs"""\n'
                     '    start().expect("never")\n', mode="hang")
    thread = threading.Thread(target=python_tests.script,
                              args=(row, Paths(str(fake_tests)), lambda _: None))
    thread.start()
    log = fake_tests / "build/test/talk/serial.log"
    while not (log.exists() and b"end of tests" in log.read_bytes()):
        assert thread.is_alive()
        time.sleep(0.05)
    program.end_all()
    thread.join()
    listed = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True, check=True)
    assert os.environ["QEMU"] not in listed.stdout


def test_a_program_that_hangs_is_ended():
    heard = []
    script = "import time; print('one', flush=True); print('two', end='', flush=True); time.sleep(1000)"
    status, output = program.run([sys.executable, "-c", script], ".", 1, heard.append)
    assert status is None and "one\ntwo\nnot over after 1 s" in output and heard[-1] == "two"


def test_a_program_gives_its_status_and_output():
    assert program.run(["sh", "-c", "echo out; echo err >&2; exit 3"], ".") == (3, "out\nerr\n")
    assert program.run(["no-such-program"], ".")[0] == 127


def test_only_one_make_runs_at_a_time(tmp_path):
    (tmp_path / "Makefile").write_text("%:\n\tmkdir busy\n\tsleep 0.2\n\trmdir busy\n")
    code = (f"import sys; sys.path.insert(0, {TESTS!r})\nfrom runner.paths import Paths\n"
            f"Paths({str(tmp_path)!r}).make('goal')\n")
    others = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    Paths(str(tmp_path)).make("goal")
    assert [other.wait() for other in others] == [0, 0, 0]
    (tmp_path / "busy").mkdir()
    with pytest.raises(BuildError):
        Paths(str(tmp_path)).make("goal")
