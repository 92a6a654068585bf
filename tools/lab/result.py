"""One model of a grading, and the files that are made from it.

The model is written after every item, so a grading that is stopped has what it found until then.
"""

import csv
import json
import os
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
    """Writes result.json, results.json (Gradescope), results.xml (JUnit) and results.csv."""
    os.makedirs(directory, exist_ok=True)
    write(directory, "result.json", json.dumps({**asdict(grading), "score": grading.earned,
                                                "max_score": grading.total}, indent=1))
    write(directory, "results.json", json.dumps(gradescope(grading), indent=1))
    write(directory, "results.xml", junit(grading))
    with open(os.path.join(directory, "results.csv"), "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["who", "lab", "total", *(item.name for item in grading.items)])
        rows.writerow([grading.who, grading.lab, grading.earned, *(item.earned for item in grading.items)])


def write(directory, name, text):
    """Writes a file at once, so that no reader sees half of it."""
    path = os.path.join(directory, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text + "\n")
    os.replace(path + ".new", path)


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
