"""Bochs starts in its debugger wherever it has one, because that decides how it runs several CPUs."""

import sys

import pytest
from runner import bochs

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
