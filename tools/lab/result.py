"""One model of a grading, and the files that are made from it.

The model is written after every item, so a grading that is stopped has what it found until then.
"""

import csv
import json
import os
import time
from dataclasses import asdict, dataclass, field
from xml.sax.saxutils import escape, quoteattr

SHOWN_LINES = 12


@dataclass
class ItemResult:
    """What one item of a points file earned, and why."""

    name: str
    what: str
    points: int
    earned: int
    hidden: bool = False
    why: list = field(default_factory=list)  # lines: expected against seen
    reason: str = ""  # the likely one
    again: str = ""  # the command that reruns just this
    instructions: int = 0  # that its machine had executed at the last verdict; 0: it has no machine, or none came


@dataclass
class Grading:
    """The grading of one submission."""

    lab: int
    title: str
    total: int
    who: str = ""
    items: list = field(default_factory=list)
    note: str = ""

    @property
    def earned(self):
        """Returns the points of the items so far."""
        return sum(item.earned for item in self.items)


def text_of(item):
    """Returns an item in words."""
    lines = [f"{item.earned:3}/{item.points:<3} {item.name}: {item.what}"]
    if item.earned < item.points:
        lines += ["        " + line for line in item.why[:SHOWN_LINES]]
        lines += [f"        likely: {item.reason}"] * bool(item.reason)
        lines += [f"        again:  {item.again}"] * bool(item.again)
    return "\n".join(lines)


def write_all(grading, directory):
    """Writes model.json, which has all that is known, and from it result.json (Classroom 50), results.json
    (Gradescope), results.xml (JUnit), results.csv, and page.html for the student."""
    os.makedirs(directory, exist_ok=True)
    write(directory, "model.json", json.dumps({**asdict(grading), "score": grading.earned}, indent=1))
    write(directory, "result.json", json.dumps(classroom50(grading, os.environ), indent=1))
    write(directory, "results.json", json.dumps(gradescope(grading), indent=1))
    write(directory, "results.xml", junit(grading))
    write(directory, "page.html", student_page(grading))
    with open(os.path.join(directory, "results.csv"), "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["who", "lab", "total", *(item.name for item in grading.items)])
        rows.writerow([csv_word(grading.who), grading.lab, grading.earned, *(item.earned for item in grading.items)])


def write(directory, name, text):
    """Writes a file at once, so that no reader sees half of it."""
    path = os.path.join(directory, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text + "\n")
    os.replace(path + ".new", path)


def classroom50(grading, environment):
    """Returns what Classroom 50 reads: its contract classroom50/result/v1. Its runner tells who handed in what by
    the environment; elsewhere these words are empty."""
    def told(name):
        return environment.get(name, "")
    return {"schema": "classroom50/result/v1", "classroom": told("CLASSROOM"), "assignment": told("ASSIGNMENT"),
            "assignment_type": told("ASSIGNMENT_TYPE") or "individual",
            "owner": told("OWNER") or told("USERNAME") or grading.who, "submission": told("SUBMISSION_TAG"),
            "commit": told("COMMIT_URL"), "release": told("RELEASE_URL"),
            "review": told("REVIEW_URL") or told("COMMIT_URL"),
            "datetime": told("SUBMITTED_AT") or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "score": grading.earned, "max-score": grading.total,
            "tests": [{"test-name": item.name, "passed": item.earned == item.points, "score": item.earned,
                       "max-score": item.points} for item in grading.items]}


def gradescope(grading):
    """Returns what Gradescope reads."""
    return {"score": grading.earned, "output": grading.note, "tests": [
        {"name": item.name, "score": item.earned, "max_score": item.points, "number": str(number),
         "status": "passed" if item.earned == item.points else "failed", "output_format": "text",
         "output": text_of(item), "visibility": "after_published" if item.hidden else "visible"}
        for number, item in enumerate(grading.items, 1)]}


def junit(grading):
    """Returns JUnit's XML."""
    cases = []
    for item in grading.items:
        failed = "" if item.earned == item.points else \
            f"<failure message={quoteattr(f'{item.earned} of {item.points} points')}>" \
            f"{escape(text_of(item))}</failure>"
        cases.append(f"<testcase classname=\"lab{grading.lab}\" name={quoteattr(item.name)}>{failed}</testcase>")
    failures = sum(item.earned < item.points for item in grading.items)
    return f"<testsuite name=\"lab{grading.lab}\" tests=\"{len(cases)}\" failures=\"{failures}\">" + \
        "".join(cases) + "</testsuite>"


def csv_word(text):
    """Returns a text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


STYLE = """body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}
td,th{border:1px solid #bbb;padding:.3rem .6rem;text-align:left;vertical-align:top}pre{white-space:pre-wrap;margin:0}
.all{background:#e8f5e9}.none{background:#fdecea}"""


def page(title, body):
    """Returns a page of HTML that needs nothing else."""
    return (f"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{escape(title)}</title>"
            f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>")


def student_page(grading):
    """Returns the page of one student. Of hidden items it tells the points alone."""
    rows = []
    for item in grading.items:
        full = item.earned == item.points
        words = "hidden tests" if item.hidden else "" if full else \
            f"<pre>{escape(text_of(item).partition(chr(10))[2])}</pre>"
        what = "" if item.hidden else escape(item.what)
        rows.append(f"<tr class=\"{'all' if full else 'none'}\"><td>{escape(item.name)}</td>"
                    f"<td>{item.earned}/{item.points}</td><td>{what}{words}</td></tr>")
    note = f"<pre>{escape(grading.note)}</pre>" if grading.note else ""
    return page(f"Lab {grading.lab}: {grading.title}",
                f"<p>{escape(grading.who)}: <b>{grading.earned} of {grading.total}</b></p>{note}"
                f"<table><tr><th>item</th><th>points</th><th></th></tr>{''.join(rows)}</table>")
