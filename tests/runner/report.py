"""Writes the final report: failures in full, skips with reasons, JUnit XML, the last line."""

import os
import re
import xml.etree.ElementTree as xml

from .result import FAILED, PASSED, SKIPPED

TEST_ID = re.compile(r"[A-Z]{3}\d{4}\b")
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def totals(groups):
    """Returns (passed, failed, skipped). A group without cases counts as one failure."""
    failed = sum(group.count(FAILED) for group in groups)
    failed += sum(1 for group in groups if not group.cases)
    return (sum(group.count(PASSED) for group in groups), failed,
            sum(group.count(SKIPPED) for group in groups))


def last_line(groups):
    """Returns the last line of the report, with the totals."""
    passed, failed, skipped = totals(groups)
    line = f"{passed} passed, {failed} failed"
    return line + (f", {skipped} skipped" if skipped else "")


def write_summary(groups, path):
    """Writes the last line to a file."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(last_line(groups) + "\n")


def _short(case):
    """Returns the id of a kernel test, or the whole name of another case."""
    test_id = TEST_ID.match(case.name)
    return test_id.group(0) if test_id else case.name


def failures(group):
    """Returns a group's failed cases in full, one list of lines for each. Cases with equal failures
    share one list, such as all tests that a machine did not reach."""
    alike = {}
    for case in group.cases:
        if case.outcome == FAILED:
            alike.setdefault(case.detail, []).append(case)
    told = []
    for detail, cases in alike.items():
        names = cases[0].name if len(cases) == 1 else ", ".join(_short(case) for case in cases)
        told.append([f"FAILED {group.name}: {names}"] +
                    [f"    {line}" for line in detail.splitlines()])
    return told


def skips(group):
    """Returns a group's skipped cases, with one line for each reason."""
    names = {}
    for case in group.cases:
        if case.outcome == SKIPPED:
            names.setdefault(case.detail, []).append(_short(case))
    return [f"skipped {group.name}: {', '.join(named)}: {reason}"
            for reason, named in names.items()]


def details(groups):
    """Returns the lines before the last: skips, remarks, then failures, which matter most."""
    lines = []
    for group in groups:
        lines += skips(group)
    for group in groups:
        lines += [f"note: {group.name}: {remark}" for remark in group.remarks]
    for group in groups:
        if not group.cases:
            lines.append(f"FAILED {group.name}: ran nothing")
        for told in failures(group):
            lines += told
    return lines


def write_junit(groups, path):
    """Writes JUnit XML, one test suite for each group."""
    passed, failed, skipped = totals(groups)
    root = xml.Element("testsuites", tests=str(passed + failed + skipped),
                       failures=str(failed), skipped=str(skipped))
    for group in groups:
        suite = xml.SubElement(root, "testsuite", name=group.name,
                               tests=str(max(1, len(group.cases))),
                               failures=str(group.count(FAILED) or int(not group.cases)),
                               skipped=str(group.count(SKIPPED)), time=f"{group.seconds:.3f}")
        if not group.cases:
            case = xml.SubElement(suite, "testcase", classname=group.name, name="ran nothing")
            xml.SubElement(case, "failure", message="ran nothing")
        for result in group.cases:
            case = xml.SubElement(suite, "testcase", classname=group.name,
                                  name=_clean(result.name), time=f"{result.seconds:.3f}")
            if result.outcome == FAILED:
                element = xml.SubElement(case, "failure",
                                         message=_clean(result.detail.split("\n")[0]))
                element.text = _clean(result.detail)
            elif result.outcome == SKIPPED:
                xml.SubElement(case, "skipped", message=_clean(result.detail))
        if group.failed and group.output:
            xml.SubElement(suite, "system-out").text = _clean(group.output)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    xml.indent(root)
    xml.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _clean(text):
    return NOT_IN_XML.sub("?", text)
