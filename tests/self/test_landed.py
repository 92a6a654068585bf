"""The record of the last landed commit's figures: it is read, compared, written, and never missed in silence."""

import json
import os
import subprocess
import sys

import matrix
import pytest
from conftest import ROOT, make
from runner import figures
from runner.result import Group
from runner.row import Row

sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import landed  # noqa: E402  # pylint: disable=wrong-import-position

ABOUT = {"commit": "a" * 40, "compiler": "gcc 1", "flags": "-O2", "emulator": "QEMU 1"}
LOG = """\
BENCH switch {switch} instructions
BENCH bytes 110 bytes
BENCH more 7 frames
BENCH guest_us {switch} us
{last}# end of benchmarks
"""


@pytest.fixture(name="tree")
def fixture_tree(tmp_path, monkeypatch):
    """A tree with a record, a log of bench-fault, and a fixed compiler."""
    (tmp_path / "tests" / "bench").mkdir(parents=True)
    monkeypatch.setattr(landed, "facts", lambda root: {**ABOUT, "commit": "b" * 40})
    landed.save(tmp_path, ABOUT, {"bench-fault": {"switch": [100, "instructions"], "bytes": [100, "bytes"],
                                                  "guest_us": [5, "us"], "old": [3, "frames"]},
                                  "bench-eager": {"switch": [100, "instructions"]}})
    (tmp_path / "log").write_text(LOG.format(switch=50, last=""))
    return tmp_path


def compare(tree, row="bench-fault"):
    return landed.main(["compare", f"{row}={tree / 'log'}"], str(tree))


def test_changes_are_sorted_and_what_is_new_or_gone_is_listed(tree, capsys):
    assert compare(tree) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == (f"Figures of {'b' * 12} against those of {'a' * 12}, the last that were recorded"
                       " (tests/bench/landed.json): of 4 2 changed, 1 new, 1 gone")
    assert [line.split()[1:] for line in said[2:]] == [
        ["unit", "before", "after", "change"],
        ["switch", "instructions", "100", "50", "-50.0", "%"], ["bytes", "bytes", "100", "110", "+10.0", "%"],
        ["more", "frames", "7", "new"], ["old", "frames", "3", "gone"]]
    assert (tree / "build/test/figures.txt").read_text().splitlines() == said


def test_only_the_largest_changes_are_printed_and_a_file_has_all(tree, capsys, monkeypatch):
    monkeypatch.setattr(landed, "SHOWN", 1)
    assert compare(tree) == 0
    said = capsys.readouterr().out
    assert "switch" in said and "bytes" not in said and "old" in said
    assert said.endswith("... and 1 smaller changes; build/test/figures.txt has all\n")
    assert "bytes" in (tree / "build/test/figures.txt").read_text()


def test_equal_figures_are_said_to_be_equal(tree, capsys):
    landed.save(tree, ABOUT, {"bench-fault": landed.figures_of(tree / "log")})
    assert compare(tree) == 0
    assert capsys.readouterr().out.endswith("of 3 0 changed, 0 new, 0 gone\n")


@pytest.mark.parametrize("key", ["compiler", "flags", "emulator"])
def test_another_compiler_or_emulator_is_named(tree, capsys, monkeypatch, key):
    monkeypatch.setattr(landed, "facts", lambda root: {**ABOUT, key: "other"})
    assert compare(tree) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1] == f"NOT COMPARABLE ONE TO ONE: the record has {key} '{ABOUT[key]}', this tree 'other'"
    assert sum("NOT COMPARABLE" in line for line in said) == 1


def test_a_row_that_the_record_lacks_is_named(tree, capsys):
    assert compare(tree, "bench-lend") == 0
    assert "bench-lend is not in the record: make bench-record writes it anew" in capsys.readouterr().out


@pytest.mark.parametrize("text, complaint", [
    (None, "landed.json cannot be read (No such file or directory); make bench-record writes it"),
    ("", "landed.json is damaged"), ("{}", "is damaged (KeyError: 'about')"), ("[]", "is damaged"),
    ('{"about": {"commit": "a", "compiler": "", "flags": "", "emulator": 1}, "rows": {"a": {"b": [1, "x"]}}}',
     "is damaged: it lacks emulator"),
    (json.dumps({"about": ABOUT, "rows": {"bench-fault": {"switch": [1]}}}), "is damaged (ValueError"),
    (json.dumps({"about": ABOUT, "rows": {"bench-fault": {"switch": ["many", "x"]}}}), "is damaged (ValueError"),
    (json.dumps({"about": ABOUT, "rows": {"bench-fault": {}}}), "is damaged: it lacks figures"),
    (json.dumps({"about": ABOUT, "rows": {}}), "is damaged: it lacks figures"),
])
def test_a_record_that_is_missing_or_damaged_is_an_error(tree, capsys, text, complaint):
    path = tree / landed.LANDED
    path.unlink() if text is None else path.write_text(text)  # pylint: disable=expression-not-assigned
    assert compare(tree) == 1
    said = capsys.readouterr()
    assert complaint in said.err and not said.out


def test_a_log_without_its_end_is_an_error(tree, capsys):
    (tree / "log").write_text("BENCH switch 50 instructions\n")
    assert compare(tree) == 1
    assert "before its last figure" in capsys.readouterr().err


def test_a_record_names_a_commit(tree, capsys, monkeypatch):
    before = (tree / landed.LANDED).read_text()
    for commit in ("c" * 40 + "+changes", "unknown"):
        monkeypatch.setattr(landed, "facts", lambda root, commit=commit: {**ABOUT, "commit": commit})
        for arguments in (["clean"], ["record", f"bench-fault={tree / 'log'}"]):
            assert landed.main(arguments, str(tree)) == 1
            assert f"this tree is '{commit}'" in capsys.readouterr().err
    assert (tree / landed.LANDED).read_text() == before
    monkeypatch.setattr(landed, "facts", lambda root: {**ABOUT, "commit": "c" * 40})
    assert landed.main(["record", f"bench-fault={tree / 'log'}"], str(tree)) == 0
    kept = landed.load(tree)
    assert kept["about"]["commit"] == "c" * 40 and kept["rows"]["bench-fault"]["switch"] == [50, "instructions"]


def test_werror_is_no_other_compiler(tmp_path):
    flags = tmp_path / "build" / "release" / "flags"
    flags.parent.mkdir(parents=True)
    said = []
    for words in ("-O2 -Wall -Werror -ffile-prefix-map='/a b=.' -I.", "-O2 -Wall -ffile-prefix-map='/c=.' -I."):
        flags.write_text(f"gcc (X) 12.2 gcc {words}\n")
        said.append(landed.facts(str(tmp_path))["flags"])
    assert said == ["-O2 -Wall -I."] * 2


def test_the_record_of_this_tree_has_the_rows_of_the_matrix():
    kept = landed.load(ROOT)
    assert sorted(kept["rows"]) == sorted(figures.ROWS)
    words = make(ROOT, "-n", "bench-record").split()
    assert sorted(words[i + 1] for i, word in enumerate(words) if word == "--row") == sorted(figures.ROWS)
    rows = [row for row in matrix.ROWS if row.name in figures.ROWS]
    assert len(rows) == len(figures.ROWS) and not any(row.rotates for row in rows), "each run compares all of them"
    assert all({*matrix.COUNTED} <= {*row.extra} for row in rows), "figures of others do not repeat"


def run_landed(paths, groups, what, *names):
    return figures.run_landed(paths, [Row(name) for name in (*names, "other")], groups, what)


def ended(name, outcome="passed"):
    group = Group(name)
    group.add("machine", outcome)
    return group


def test_the_runner_fails_without_a_record(tmp_path, fake_paths):
    """The program of this tree, on a tree without a record."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tests").mkdir()
    for folder, into in (("tools/bench", "tools"), ("tests/runner", "tests")):
        subprocess.run(["cp", "-r", os.path.join(ROOT, folder), str(tmp_path / into)], check=True)
    paths = fake_paths(b"")
    for name in ("bench-lend", "bench-fault"):
        with open(os.path.join(paths.row_directory(name), "serial.log"), "w", encoding="utf-8") as file:
            file.write(LOG.format(switch=100, last=""))
    group = run_landed(paths, [ended("bench-lend"), ended("bench-fault", "failed")], "compare", "bench-lend", "bench-fault")
    assert group.failed and "landed.json cannot be read" in group.cases[0].detail
    (tmp_path / "tests" / "bench").mkdir()
    landed.save(tmp_path, ABOUT, {"bench-lend": {"switch": [50, "instructions"]},
                                  "bench-fault": {"gone": [50, "instructions"]}})
    group = run_landed(paths, [ended("bench-lend"), ended("bench-fault", "failed")], "compare", "bench-lend", "bench-fault")
    assert not group.failed and "+100.0 %" in group.output and "bench-fault" not in group.output


def test_the_runner_compares_what_passed_and_records_all_or_nothing(fake_paths):
    paths = fake_paths(b"")
    assert run_landed(paths, [ended("bench-lend", "failed")], "compare", "bench-lend") is None
    assert run_landed(paths, [ended("other")], "compare") is None
    group = run_landed(paths, [ended("bench-lend"), ended("bench-fault", "failed")], "record", "bench-lend", "bench-fault")
    assert group.failed and group.cases[0].detail == "not written: these rows did not pass: bench-fault"
    group = run_landed(paths, [ended("other")], "record")
    assert group.failed and "no row with figures was chosen" in group.cases[0].detail
