"""Bochs starts in its debugger wherever it has one, because that decides how it runs several CPUs, and a
machine that hangs is examined there."""

import sys
import time

import pytest
from conftest import ROOT, make
from runner import bochs
from runner.paths import Paths
from runner.row import Row

HELP = {
    "2.7": ("  -rc filename     execute debugger commands stored in file", ["-rc", "commands"]),
    "3.0": ("  -debugger        start Bochs internal debugger on startup\n"
            "  -rc filename     execute debugger commands stored in file",
            ["-debugger", "-rc", "commands"]),
    "without": ("  -q               quick start", []),
}


@pytest.mark.parametrize("version", HELP)
def test_debugger_options(version, tmp_path):
    text, options = HELP[version]
    program = tmp_path / "bochs"
    program.write_text(f"#!{sys.executable}\nprint({text!r})\n")
    program.chmod(0o755)
    assert bochs.debugger_options(str(program), "commands") == options


DEBUGGER = """#!{python}
import pathlib, signal, sys
if "--help" in sys.argv:
    sys.exit(0)
here = pathlib.Path(__file__).parent
signal.signal(signal.SIGINT, lambda *_: None)
(here / "ready").touch()
(here / "heard").write_text(sys.stdin.readline())
"""


@pytest.mark.parametrize("kind", ["suite", "script"])
def test_a_hung_machine_is_asked_in_the_debugger(kind, tmp_path):
    """In a suite the serial line is a file; in a script it is a terminal. The debugger reads neither."""
    program = tmp_path / "bochs"
    program.write_text(DEBUGGER.format(python=sys.executable))
    program.chmod(0o755)
    paths = Paths(str(tmp_path))
    paths.bochs = str(program)
    row = Row("hung", kind=kind, emulator="bochs", boot="bios-cd", script="hung.py")
    with bochs.Bochs(row, paths) as machine:
        while not (tmp_path / "ready").exists():
            assert machine.process.poll() is None
            time.sleep(0.01)
        assert machine.interrogate()
        machine.process.stdin.close()  # the debugger waits for no more, even if it heard nothing
        machine.process.wait()
    assert (tmp_path / "heard").read_text() == "info cpu\n"


def test_the_debugger_loads_the_symbols_of_the_kernel_and_of_a_program(built):
    make(built, "build/bochs/commands", "VARIANT=release")
    commands = built / "build/bochs/commands"
    assert commands.read_text() == 'ldsym global "build/release/kernel.sym"\n'
    make(built, "build/bochs/commands", "VARIANT=release", "PROGRAM=hello")
    assert commands.read_text().splitlines()[1:] == ['ldsym global "build/user/hello.sym"']
    names = dict(reversed(line.split()) for line in (built / "build/user/hello.sym").read_text().splitlines())
    assert "hello:main" in names and all(name.startswith("hello:") for name in names)
    assert 0 < int(names["hello:main"], 16) < 1 << 47


def test_the_debugger_is_refused_a_program_that_there_is_not():
    said = make(ROOT, "-n", "build/bochs/commands", "PROGRAM=helo", wanted_status=2)
    assert "No user program is named 'helo'; there are: " in said and " hello " in said and "lib" not in said.split()
