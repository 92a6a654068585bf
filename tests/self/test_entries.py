"""The report's part about the two ways in: measured in a Bochs that has FRED, or said to be missing."""

import csv
import json
import os
import sys

import pytest
from conftest import ROOT
from runner import bochs
from runner.paths import Paths

sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import entries  # noqa: E402  # pylint: disable=wrong-import-position
import machine as machines  # noqa: E402  # pylint: disable=wrong-import-position
import plots  # noqa: E402  # pylint: disable=wrong-import-position
import report  # noqa: E402  # pylint: disable=wrong-import-position

MODES = {mode.name: mode for mode in machines.MODES}
OUTPUT = """\
[    0.000000] {entry}
# switch: least 99, most 200, 1000 samples
BENCH switch 100 instructions
BENCH syscall_null {syscall} instructions
# end of benchmarks
[    0.100000] leaving: success
"""
ENTRY = {"idt": "entry: by the IDT, each asynchronous kind on a stack of its own", "fred": "entry: by FRED; stack levels: 1"}
# A Bochs that reads its "ISO", which is the kernel's command line, and prints the file of this entry. The second
# time it prints later.ENTRY, if there is one.
FAKE = """#!{python}
import os, re, sys
if "--version" in sys.argv or sys.argv[-1] == "--help":
    print("Bochs x86 Emulator 0.fake")
if "--help" in sys.argv:
    print("tigerlake\\nwildcat_lake" if sys.argv[-1] == "cpu" else "-rc FILE")
    sys.exit(0)
text = open(sys.argv[sys.argv.index("-f") + 1]).read()
words = open(re.search(r'path="(.*?)"', text).group(1)).read().split()
entry = next(word[6:] for word in words if word.startswith("entry="))
here = os.path.dirname(sys.argv[0])
with open(here + "/booted", "a") as file:
    file.write(" ".join(words) + "\\n")
later = here + "/later." + entry
second = sum(1 for line in open(here + "/booted") if "entry=" + entry in line) == 2
output = open(later if second and os.path.exists(later) else here + "/output." + entry).read()
open(re.search(r'com1:.*dev="(.*)"', text).group(1), "w").write(output)
open(re.search(r'log: "(.*)"', text).group(1), "w").write("0001i[UNMAP] {ended}")
"""


def printed(entry, syscall):
    return OUTPUT.format(entry=ENTRY[entry], syscall=syscall)


def ways(idt=47, fred=118, mode="fault"):
    return [machines.parse(entries.Machine(MODES[mode], entry=entry, emulator="Bochs 0"),
                           printed(entry, value).splitlines()) for entry, value in (("idt", idt), ("fred", fred))]


@pytest.fixture(name="place")
def fixture_place(tmp_path, monkeypatch):
    """A directory with a QEMU and a Bochs that print what stands in files; the report's paths lead there."""
    (tmp_path / "qemu").write_text(f"#!/bin/sh\ncat {tmp_path}/qemu.output\nexit 33\n")
    (tmp_path / "qemu.output").write_text(printed("idt", 40))
    (tmp_path / "bochs").write_text(FAKE.format(python=sys.executable, ended=bochs.ENDED))
    for name in ("qemu", "bochs"):
        (tmp_path / name).chmod(0o755)
    for entry, value in (("idt", 47), ("fred", 118)):
        (tmp_path / f"output.{entry}").write_text(printed(entry, value))

    def make_iso(paths, row):
        os.makedirs(os.path.dirname(paths.iso(row)), exist_ok=True)
        with open(paths.iso(row), "w", encoding="utf-8") as file:
            file.write(row.full_cmdline)
    monkeypatch.setenv("QEMU", str(tmp_path / "qemu"))
    monkeypatch.setenv("BOCHS", str(tmp_path / "bochs"))
    monkeypatch.setattr(Paths, "make_iso", make_iso)
    monkeypatch.setattr(entries, "ROOT", str(tmp_path))
    monkeypatch.setattr(plots, "draw", lambda *arguments: [])
    return tmp_path


def run_report(place, capsys, *more):
    """Returns the report's status and what it said."""
    status = report.main(["--modes", "fault", "--seeds", "1", "--cpus", "", "--bench", "switch,syscall_null", "--out", str(place / "out"),
                          "--kernel", str(place / "build" / "release" / "kernel.elf"), "--archive", "none", *more])
    said = capsys.readouterr()
    return status, said.out + said.err


def test_a_table_has_fred_beside_the_idt():
    first, second = entries.tables([*ways(), *ways(50, 100, "eager")])
    assert first.title == "FRED beside IDT: stack=fault, in Bochs, 1 CPU, 512 MiB"
    assert first.head == ["figure", "unit", "IDT", "FRED", "FRED against IDT"]
    assert first.rows == [["switch", "instructions", "100", "100", "+0.0 %"],
                          ["syscall_null", "instructions", "47", "118", "+151.1 %"]]
    assert second.title.startswith("FRED beside IDT: stack=eager")


def test_a_figure_that_one_side_has_not_has_a_dash():
    idt, fred = ways()
    del fred.figures[1]
    assert entries.tables([idt, fred])[0].rows[1] == ["syscall_null", "instructions", "47", "-", "-"]


def test_each_mode_enters_both_ways_if_bochs_has_its_processor():
    todo = entries.plan(machines.MODES, "*", "Bochs 0")
    assert [(machine.mode.name, machine.entry) for machine in todo[:4]] == [
        ("eager", "idt"), ("eager", "fred"), ("fault", "idt"), ("fault", "fred")]
    names = {machine.mode.name for machine in todo}
    assert names == {*MODES} - {"lend-amd"}, "its processors with FRED are Intel's"
    assert "entry=fred" in todo[1].row.full_cmdline and "stack=eager" in todo[1].row.full_cmdline
    assert todo[1].label == "Bochs, entry=fred, eager, 1 CPU, seed 1"


def test_only_benchmarks_that_were_asked_for_are_measured():
    machine = entries.plan([MODES["fault"]], "tick*,macro_tree,syscall_*", "Bochs 0")[0]
    assert machine.patterns == "tick,tick_preempt,syscall_null"
    assert entries.plan([MODES["fault"]], "macro_tree", "Bochs 0") == []


def test_the_benchmarks_that_are_chosen_exist():
    found = set()
    for name in os.listdir(os.path.join(ROOT, "tests", "bench")):
        with open(os.path.join(ROOT, "tests", "bench", name), encoding="utf-8") as file:
            found |= {line.split("(")[1].rstrip(")\n") for line in file if line.startswith("BENCHMARK(")}
    assert {*entries.BENCHMARKS} <= found


def test_a_report_without_fred_says_so_in_one_sentence(place, capsys, monkeypatch):
    monkeypatch.delenv("BOCHS")
    status, said = run_report(place, capsys)
    sentence = "Nothing here is of entry=fred: BOCHS does not name a Bochs that has FRED"
    assert status == 0 and sentence in said
    for name in ("tables.txt", "tables.md", "report.html"):
        text = (place / "out" / name).read_text()
        assert sentence in text and "FRED beside IDT" not in text


def test_a_bochs_without_fred_is_named(place, capsys, monkeypatch):
    monkeypatch.setenv("BOCHS", str(place / "nothing"))
    status, said = run_report(place, capsys)
    assert status == 0 and f"BOCHS names {place}/nothing, which is no program" in said


def test_a_report_with_fred_has_its_records_and_tables(place, capsys):
    status, said = run_report(place, capsys)
    assert status == 0 and "[2/3] Bochs, entry=idt, fault, 1 CPU, seed 1: 2 figures" in said
    for name in ("tables.txt", "tables.md", "report.html"):
        text = (place / "out" / name).read_text()
        assert "FRED beside IDT: stack=fault" in text and "+151.1 %" in text and "Nothing here is of entry=fred" not in text
        assert "Bochs x86 Emulator 0.fake" in text, "the note names the emulator"
    assert "Single operations, 1 CPU, 512 MiB" in text, "QEMU's figures stay apart"
    with open(place / "out" / "records.csv", encoding="utf-8", newline="") as file:
        rows = [(row["emulator"], row["accel"], row["entry"], row["value"]) for row in csv.DictReader(file)
                if row["name"] == "syscall_null"]
    assert [row[1:] for row in rows] == [("tcg", "idt", "40"), ("bochs", "idt", "47"), ("bochs", "fred", "118")]
    assert "0.fake" not in rows[0][0] and "0.fake" in rows[1][0] and rows[1][0] == rows[2][0]
    assert len(json.loads((place / "out" / "records.json").read_text())["records"]) == 6
    boots = (place / "booted").read_text().splitlines()
    assert len(boots) == 4, "each machine runs twice"
    assert all("bench=switch,syscall_null" in words and "seed=1" in words for words in boots)
    assert run_report(place, capsys)[0] == 0 and len((place / "booted").read_text().splitlines()) == 4


def test_another_bochs_measures_anew(place, capsys):
    run_report(place, capsys)
    with open(place / "bochs", "a", encoding="utf-8") as file:
        file.write("# another build\n")
    assert run_report(place, capsys)[0] == 0 and len((place / "booted").read_text().splitlines()) == 8


def test_counts_of_bochs_that_do_not_repeat_fail_the_report(place, capsys):
    (place / "later.fred").write_text(printed("fred", 119))
    status, said = run_report(place, capsys)
    assert status == 1 and "entry=fred, fault, 1 CPU, seed 1: a second run differs in syscall_null" in said


@pytest.mark.parametrize("text, words", [
    (printed("idt", 47), "no line matches 'entry: by FRED'"),
    (printed("fred", 118).replace("# end of benchmarks\n", ""), "no line matches '# end of benchmarks'")])
def test_a_bochs_that_does_not_enter_by_fred_or_ends_early_fails_the_report(place, capsys, text, words):
    (place / "output.fred").write_text(text)
    status, said = run_report(place, capsys)
    assert status == 1 and "Bochs, entry=fred, fault, 1 CPU, seed 1" in said and words in said


def test_another_kernel_than_the_tree_s_is_not_measured(place, capsys):
    status, said = run_report(place, capsys, "--kernel", "elsewhere/kernel.elf")
    assert status == 0 and "of entry=fred: elsewhere/kernel.elf is not this tree's release kernel" in said
    assert not (place / "booted").exists()


def test_cycles_of_a_host_stand_without_bochs(place, capsys):
    status, said = run_report(place, capsys, "--accel", "kvm")
    assert status == 0 and "of entry=fred: cycles of KVM are the host's" in said and not (place / "booted").exists()


def test_a_report_of_scenarios_alone_has_no_ways_in(place, capsys):
    status, said = run_report(place, capsys, "--bench", "macro_tree")
    assert status == 0 and "of entry=fred: no benchmark or mode of this report" in said


def test_bars_compare_the_ways_in():
    script = entries.scripts(ways())["entries"]
    assert "entry=idt" in script and "entry=fred" in script and "syscall_null\t47\t118" in script
    assert entries.scripts([]) == {}
