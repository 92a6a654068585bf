"""Counting, the last line, JUnit XML, exemptions, the choice of rows."""

import xml.etree.ElementTree as xml

import pytest
from runner import exemptions, hostside, main, report, suite, tap
from runner.paths import Paths
from runner.result import Group
from runner.row import Row


def group(name, *outcomes):
    made = Group(name)
    for number, outcome in enumerate(outcomes):
        made.add(f"case {number}", outcome, f"why \x07{number}")
    return made


def test_last_line_counts_cases():
    groups = [group("a", "passed", "failed"), group("b", "passed")]
    assert report.last_line(groups) == "2 passed, 1 failed"
    groups.append(group("c", "skipped"))
    assert report.last_line(groups) == "2 passed, 1 failed, 1 skipped"


def test_group_without_cases_is_a_failure():
    assert report.last_line([group("empty")]) == "0 passed, 1 failed"
    assert "FAILED empty: ran nothing" in report.details([group("empty")])


def test_skips_are_told_with_their_reasons():
    assert "skipped a: case 0: why \x070" in report.details([group("a", "skipped")])


def test_skips_for_one_reason_are_one_line():
    made = Group("a")
    for test_id in ("AAA0001", "AAA0002"):
        made.add(f"{test_id} a sentence", "skipped", "no device")
    made.add("AAA0003 a sentence", "skipped", "another reason")
    assert report.details([made]) == ["skipped a: AAA0001, AAA0002: no device",
                                      "skipped a: AAA0003: another reason"]


def test_what_failed_alike_is_told_once():
    made = Group("a")
    for test_id in ("AAA0001", "AAA0002"):
        made.add(f"{test_id} a sentence", "failed", "did not run")
    made.add("AAA0003 a sentence", "failed", "is wrong")
    assert report.details([made]) == ["FAILED a: AAA0001, AAA0002", "    did not run",
                                      "FAILED a: AAA0003 a sentence", "    is wrong"]


def test_failures_come_last():
    lines = report.details([group("a", "failed", "skipped"), group("b", "skipped")])
    assert lines[-2:] == ["FAILED a: case 0", "    why \x070"]


def test_junit_is_well_formed_and_agrees(tmp_path):
    path = tmp_path / "results.xml"
    report.write_junit([group("a", "passed", "failed", "skipped"), group("b")], str(path))
    root = xml.parse(path).getroot()
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("4", "2", "1")
    assert len(root.findall("testsuite/testcase/failure")) == 2


def test_malformed_exemptions_are_refused():
    assert exemptions.parse("# nothing\n\n") == []
    for text in ("row AAA0001", "row", "* * everything", "!row * all"):
        with pytest.raises(exemptions.ExemptionError):
            exemptions.parse(text)


def test_exemption_for_all_other_rows():
    line, = exemptions.parse("!stack-* STK0013 only there")
    assert line.covers("pvh-1", "STK0013") and not line.covers("stack-eager", "STK0013")
    assert exemptions.stale([line], ["stack-eager"], ["STK0013"]) == []
    assert len(exemptions.stale([line], ["pvh-1"], ["STK0013"])) == 1


def test_stale_exemptions_are_told():
    listed = exemptions.parse("pvh-* AAA000? one reason\nnone AAA0001 two\npvh-1 CCC0001 three")
    found = exemptions.stale(listed, ["pvh-1"], ["AAA0001"])
    assert len(found) == 2 and "'none'" in found[0] and "'CCC0001'" in found[1]


ROWS = (Row("pvh-1", quick=True), Row("pvh-2"), Row("iso"))


@pytest.mark.parametrize("arguments, rows, names", [
    ([], 3, len(main.HOST_GROUPS)),
    (["--row", "mutants"], 0, 1), (["--quick"], 1, 0), (["--row", "pvh-*"], 2, 0),
    (["--row", "checks"], 0, 1),
    (["--row", "iso", "--row", "self"], 1, 1),
])
def test_choice_of_rows(arguments, rows, names):
    chosen = main.choose(ROWS, main.parse_arguments(arguments))
    assert (len(chosen[0]), len(chosen[1])) == (rows, names)


def test_rows_that_rotate_take_turns():
    rows = (*ROWS, Row("soak-a", rotates="soak"), Row("iso-a", rotates="iso"),
            Row("soak-b", rotates="soak"))
    chosen = [main.choose(rows, main.parse_arguments([]), turn)[0][len(ROWS):] for turn in range(3)]
    assert [[row.name for row in more] for more in chosen] == [
        ["soak-a", "iso-a"], ["iso-a", "soak-b"], ["soak-a", "iso-a"]]
    assert len(main.choose(rows, main.parse_arguments(["--row", "soak-*"]), 1)[0]) == 2


def test_selection_of_tests():
    ids = ["AAA0001", "AAA0002", "BBB0001"]
    assert suite.select(ids, "*") == ids
    assert suite.select(ids, "AAA*") == ids[:2]
    assert suite.select(ids, "AAA0001,B*") == ["AAA0001", "BBB0001"]


def program(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


HOST = """#!/bin/sh
printf 'TAP version 13\\n1..1\\n{note}{word} 1 - a.c: adds\\n{passed} passed, {failed} failed\\n'
exit {status}
"""


@pytest.mark.parametrize("note, word, passed, failed, status, failures", [
    ("", "ok", 1, 0, 0, 0), ("", "not ok", 0, 1, 1, 1), ("", "ok", 1, 0, 1, 1),
    ("", "not ok", 0, 1, 0, 2), ("", "ok", 1, 1, 0, 1), ("# a.c: note\\n", "ok", 1, 0, 0, 0),
    ("==7==ERROR: AddressSanitizer\\n", "ok", 1, 0, 0, 1),
    ("==7==ERROR: AddressSanitizer\\n", "not ok", 0, 1, 1, 1),
])
def test_host_programs_are_judged(tmp_path, note, word, passed, failed, status, failures):
    text = HOST.format(note=note, word=word, passed=passed, failed=failed, status=status)
    made = hostside.host_tests(Paths(str(tmp_path)), lambda _: None,
                               [program(tmp_path, "a_test", text)])
    assert made.count("failed") == failures and len(made.cases) == 2


@pytest.mark.parametrize("text, wanted", [
    ("", "no header"), ("TAP version 13\n", "not a plan"),
    ("TAP version 13\n1..0\n0 passed, 0 failed\n", "no test at all"),
    ("TAP version 13\n1..2\nok 1 - a\n1 passed, 0 failed\n", "plan says 2"),
    ("TAP version 13\n1..1\nok 1 - a\n", "no totals"),
    ("TAP version 13\n1..1\nok 2 - a\n1 passed, 0 failed\n", "expected 1"),
    ("TAP version 13\n1..2\nok 1 - a\nok 2 - a\n2 passed, 0 failed\n", "two tests say"),
    ("TAP version 13\n1..1\nok 1 - a\n1 passed, 0 failed\nok 2 - b\n", "after the totals"),
])
def test_bad_tap_is_told(text, wanted):
    assert any(wanted in complaint for complaint in tap.read(text)[1])
