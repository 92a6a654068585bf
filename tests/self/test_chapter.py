"""The tables of docs/comparison.md are filled from a report, and name its commit."""

import json
import os
import re
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import chapter  # noqa: E402  # pylint: disable=wrong-import-position
import chapter_rows  # noqa: E402  # pylint: disable=wrong-import-position
import machine as machines  # noqa: E402  # pylint: disable=wrong-import-position
import record  # noqa: E402  # pylint: disable=wrong-import-position
import report  # noqa: E402  # pylint: disable=wrong-import-position

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SUFFIXES = {"instructions", "stack_now", "stack_most", "stack_mean", *chapter_rows.SCENARIO.values()}
SINGLES = {*chapter_rows.SINGLE.values(), *chapter_rows.BY_BYTES.values(), *chapter_rows.PROGRAMS.values(), *chapter_rows.BYTES.values(), *chapter_rows.SLEEPERS.values(), *chapter_rows.WAKING.values(),
           *chapter_rows.BOUNCES.values(), *(name for name, _ in chapter_rows.HANDOFF.values()), "pager_fault", "ipc_roundtrip_4k",
           *(name for name, _ in chapter_rows.AIMS.values() if not name.startswith("macro_"))}


def figures_of(machine):
    """Returns the figures that a machine of the report prints, with values by which they are known."""
    names = machine.patterns.split(",")
    if machine.patterns in machines.SCENARIOS:
        names = [f"{machine.patterns}_{suffix}" for suffix in sorted(SUFFIXES)]
    elif machine.patterns in ("*", machines.IPC_SINGLE):
        names = sorted(SINGLES)
    return [machines.Figure(name, 1000 + 7 * i, "x") for i, name in enumerate(names)]


def full_report(modes=machines.MODES, commit=COMMIT):
    """Returns what the records of a report with all its machines hold."""
    runs = [machines.Run(machine, figures_of(machine), {})
            for machine in report.plan(modes, [1, 2], [2, 4], "*", "tcg")]
    facts = {"commit": commit, "compiler": "c", "flags": "f", "emulator": "e"}
    return {"about": facts, "records": record.rows(facts, runs), "series": []}


def change(records, name, mode, value, **more):
    """Changes the figure of some runs."""
    rows = [row for row in records["records"] if row["name"] == name and row["mode"] == mode and
            all(row[key] == wanted for key, wanted in more.items())]
    assert rows
    for row in rows:
        row["value"] = value


@pytest.fixture
def text():
    """Returns the chapter as it is."""
    with open(os.path.join(ROOT, "docs", "comparison.md"), encoding="utf-8") as file:
        return file.read()


def rows_of(text, head):
    """Returns the rows of a table by their first cells, and the line above it."""
    found = re.search(rf"^(.*):\n\n\| {re.escape(head)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    return {chapter.cells(line)[0]: chapter.cells(line)[1:] for line in found[2].splitlines()}, found[1]


def test_a_whole_report_fills_every_table_and_the_chapter_keeps_its_sentences(text):
    filled, done, left = chapter.fill_chapter(text, chapter.Records(full_report()))
    assert sorted(done) == sorted(chapter.TABLES) and not left
    for head in chapter.TABLES:
        assert rows_of(filled, head)[1] == "Commit 0123456"
    assert "older -->" not in filled, "all tables are of one commit"
    kept = re.sub(r"^\|.*\n|^Commit .*\n", "", chapter.OLD.sub("", text), flags=re.MULTILINE)
    assert re.sub(r"^\|.*\n|^Commit .*\n", "", filled, flags=re.MULTILINE) == kept
    assert chapter.fill_chapter(filled, chapter.Records(full_report()))[0] == filled


def test_figures_stand_where_they_belong(text):
    records = full_report()
    change(records, "switch", "lend-intel", 123456, patterns="*")
    change(records, "macro_tree_stack_most", "eager", 2000)
    change(records, "macro_tree_stack_most", "fault", 500)
    change(records, "macro_tree_instructions", "eager", 1000)
    change(records, "macro_tree_instructions", "lend-amd", 1058)
    change(records, "macro_blocked_threads", "eager", 1814, memory_mib=32)
    change(records, "shootdown", "fault", 631, cpus=4)
    change(records, "user_thread_bytes", "eager", 1265, ipc="handoff")
    change(records, "macro_crowd_instructions", "fault", 100, ipc="keep")
    change(records, "macro_crowd_instructions", "fault", 112, ipc="handoff")
    filled, _, _ = chapter.fill_chapter(text, chapter.Records(records))
    assert rows_of(filled, "instructions, zeroing apart")[0]["switch"][2] == "123,456"
    assert rows_of(filled, "most stack memory")[0]["`tree`"][:2] == ["2,000", "500 (75 % less)"]
    assert rows_of(filled, "instructions of the scenario")[0]["`tree`"][3] == "+5.8 %"
    assert rows_of(filled, "`blocked` in 32 MiB")[0]["threads that could be created, of 5,000"][0] == "1,814"
    assert rows_of(filled, "figure")[0]["shootdown of a page, instructions"][2] == "631"
    assert rows_of(filled, "with `keep` and `handoff`")[0]["bytes after swapping, `handoff`"][1] == "1,265"
    assert rows_of(filled, "with `stack=fault`")[0]["`crowd`: instructions"] == ["100", "112 (12 % more)"]


def test_every_operation_that_the_report_measures_for_the_comparison_has_a_row():
    with open(os.path.join(ROOT, "tests", "bench", "landed.json"), encoding="utf-8") as file:
        known = {name for row in json.load(file)["rows"].values() for name in row}
    rows = {*chapter_rows.SINGLE.values(), *chapter_rows.BY_BYTES.values(), *chapter_rows.PROGRAMS.values(), *chapter_rows.BYTES.values()}
    assert rows <= known, rows - known
    assert {"swap_out_one_16", "swap_in_one_896", "syscall_null", "ipc_roundtrip", "user_fault", "pager_fault"} <= rows


def test_a_mode_without_an_operation_has_an_empty_cell(text):
    records = full_report()
    records["records"] = [row for row in records["records"]
                          if (row["name"], row["mode"]) != ("stack_fault_1", "eager")]
    filled, _, left = chapter.fill_chapter(text, chapter.Records(records))
    assert rows_of(filled, "instructions, zeroing apart")[0]["a stack fault of one page"][0] == "" and not left


def test_tables_that_the_report_cannot_fill_stay_as_they_are(text):
    modes = [mode for mode in machines.MODES if mode.name in ("eager", "fault")]
    filled, done, left = chapter.fill_chapter(text, chapter.Records(full_report(modes)))
    assert "most stack memory" in left and "lend-intel" in left["most stack memory"]
    assert rows_of(filled, "most stack memory") == rows_of(text, "most stack memory")
    assert "figure" in done and rows_of(filled, "figure")[1] == "Commit 0123456"
    assert ("older -->" in filled) == ("older -->" in text)


@pytest.mark.parametrize("old, new, reason", [
    ("| swap in |", "| swap out |", "has the row 'swap out', which is not known"),
    ("| instructions, zeroing apart |", "| operations |", "the chapter has no table 'instructions, zeroing apart'"),
    ("| `lend`, Intel |", "| `lent` |", "no mode for the column '`lent`'"),
    ("\nCommit ", "\nOf ", "is no line 'Commit ...:'"),
])
def test_what_is_not_known_is_an_error(text, old, new, reason):
    assert old in text
    with pytest.raises(chapter.ChapterError, match=re.escape(reason)):
        chapter.fill_chapter(text.replace(old, new), chapter.Records(full_report()))


LINES = {"`BENCH` line": None}
PAGE = """Commit 1234567:

| `BENCH` line | `stack=fault` | `stack=eager` | what it is |
|---|---|---|---|
| `switch` | 1 | no number | 4 of these |
| `lock_spin`, `lock_mutex` | 19, 1,099 | 19 | two |
| `never_printed` | 5 | | |
| `user_thread_bytes` | 6 | 7 | alone |
"""


def test_numbers_of_lines_are_written_anew_and_words_stay(capsys):
    records = full_report()
    for name, mode, value in (("switch", "fault", 2000), ("lock_spin", "fault", 20), ("lock_mutex", "fault", 100),
                              ("user_thread_bytes", "fault", 60), ("user_thread_bytes", "eager", 70)):
        change(records, name, mode, value)
    change(records, "user_thread_bytes", "fault", 99, patterns="*")
    filled, done, left = chapter.fill_chapter(PAGE, chapter.Records(records), LINES)
    said = capsys.readouterr().out
    assert said == "`lock_spin`, `lock_mutex` of eager stays: 19\n`never_printed` of fault stays: 5\n"
    assert filled.splitlines()[0] == "Commit 0123456:" and done == ["`BENCH` line"] and not left
    assert filled.splitlines()[4:] == [
        "| `switch` | 2,000 | no number | 4 of these |", "| `lock_spin`, `lock_mutex` | 20, 100 | 19 | two |",
        "| `never_printed` | 5 |  |  |", "| `user_thread_bytes` | 60 | 70 | alone |"]
    filled, done, left = chapter.fill_chapter(PAGE, chapter.Records(full_report(machines.MODES[1:])), LINES)
    assert filled == PAGE and not done and "no figures of eager" in left["`BENCH` line"]


def test_an_aim_is_reached_from_the_right_side():
    records = full_report()
    for name, value in (("switch", 81), ("syscall_null", 50), ("cache_hit_percent_tree", 95), ("macro_tree_cache_hit", 94)):
        change(records, name, "fault", value)
    with open(os.path.join(ROOT, "docs", "measures.md"), encoding="utf-8") as file:
        filled, _, _ = chapter.fill_chapter(file.read(), chapter.Records(records), chapter.MEASURES_TABLES)
    found = rows_of(filled, "at most, with `stack=fault`")[0]
    assert found["a switch"] == ["80", "81", "no"] and found["a system call"] == ["50", "50", "yes"]
    assert found["in trees of 31"] == ["95", "95", "yes"] and found["in the scenario `tree`"] == ["95", "94", "no"]


def test_the_program_writes_the_pages_and_says_what_it_left(tmp_path, capsys):
    records = tmp_path / "records.json"
    for name in chapter.PAGES:
        with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as file:
            (tmp_path / name).write_text(file.read())
    words = ["--records", str(records), "--docs", str(tmp_path)]
    records.write_text(json.dumps(full_report(machines.MODES[:2])))
    assert chapter.main(words) == 1
    assert "left as it was: comparison.md, most stack memory: no " in capsys.readouterr().out
    records.write_text(json.dumps(full_report()))
    assert chapter.main(words) == 0
    said = capsys.readouterr().out
    for name, tables in chapter.PAGES.items():
        assert "Commit 0123456:" in (tmp_path / name).read_text()
        assert all(f"filled: {name}, {head}\n" in said for head in tables)
    records.write_text(json.dumps(full_report(commit=COMMIT + "+changes")))
    assert chapter.main(words) == 1 and "of no commit" in capsys.readouterr().err
