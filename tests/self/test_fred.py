"""Rows that need FRED: without a Bochs that has it they are one skip with a reason, never a pass."""

import sys

import pytest
from runner import bochs, fred, main
from runner.paths import Paths
from runner.result import SKIPPED
from runner.row import Row

FAKE = """#!{python}
import re, sys
if "--help" in sys.argv:
    print({models!r} if sys.argv[-1] == "cpu" else "-rc FILE")
    sys.exit(0)
text = open(sys.argv[sys.argv.index("-f") + 1]).read()
assert "model=wildcat_lake" in text and "-rc" in sys.argv
open(re.search(r'com1:.*dev="(.*)"', text).group(1), "w").write({output!r})
open(re.search(r'log: "(.*)"', text).group(1), "w").write("0001i[UNMAP] " + {ended!r})
"""
BY_FRED = "[    0.000000] entry: by FRED; stack levels: 1\n"
REFUSED = "[    0.000000] entry: this CPU says that it has FRED and refuses it\n"


@pytest.fixture(name="bochs_that")
def fixture_bochs_that(tmp_path, monkeypatch):
    """A function that makes a Bochs with these models, which prints this, and names it in BOCHS."""
    def make(output, models="tigerlake\nwildcat_lake"):
        program = tmp_path / "bochs"
        program.write_text(FAKE.format(python=sys.executable, models=models, output=output,
                                       ended=bochs.ENDED))
        program.chmod(0o755)
        monkeypatch.setenv("BOCHS", str(program))
        return Paths(str(tmp_path))
    return make


def reason(paths):
    return fred.why_not(paths) or fred.why_not_booted(paths, lambda row: None)


def test_who_has_fred_is_found_by_booting(bochs_that):
    assert reason(bochs_that(BY_FRED)) == ""
    assert "refuses it" in reason(bochs_that(REFUSED))
    assert "does not enter by FRED" in reason(bochs_that(""))


def test_what_cannot_be_it_is_told_without_booting(bochs_that, monkeypatch, tmp_path):
    assert "no CPU model wildcat_lake" in fred.why_not(bochs_that(BY_FRED, "tigerlake"))
    monkeypatch.setenv("BOCHS", str(tmp_path / "nothing"))
    assert "which is no program" in fred.why_not(Paths(str(tmp_path)))
    monkeypatch.delenv("BOCHS")
    assert "make test-fred BOCHS=" in fred.why_not(Paths(str(tmp_path)))


def test_all_rows_are_one_skip(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("BOCHS", raising=False)
    (tmp_path / "Makefile").write_text("%:\n\t@false\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "exemptions").write_text("")
    rows = [Row(name, emulator="bochs", boot="bios-cd", fred=True) for name in ("fred-a", "fred-b")]
    assert main.main(["--row", "fred-*", "--ci"], str(tmp_path), rows) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 0 failed, 1 skipped"
    assert fred.skipped("why").cases[0].outcome == SKIPPED


def test_only_bochs_has_fred():
    with pytest.raises(AssertionError):
        Row("qemu", fred=True)
