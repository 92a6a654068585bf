"""Planted submissions of labs without a machine: answers, and a report."""

from . import answers, course, grade, questions, report


def figures_table(right):
    """Returns a report's table of figures."""
    rows = [f"| {name} | " + " | ".join(str(right.get(f"{mode}.{name}", "")) for mode in report.MODES) + " |"
            for name in report.FIGURES + report.FAULTS]
    return "\n".join(["| figure | " + " | ".join(report.MODES) + " |", "|---|---|---|---|", *rows])


def text_of(lab, name):
    """Returns the text of a file of a lab's folder."""
    with open(f"{lab.folder}/{name}", encoding="utf-8") as file:
        return file.read()


class Written:
    """What is right in such a lab, and how a submission is graded."""

    def __init__(self, clean, lab):
        self.clean, self.lab = clean, lab
        if lab.report:
            clean.put(lab, {})
            self.right = grade.measured(clean.paths)
        else:
            _, self.right = questions.make(lab.seed)

    def base(self, name, percent=100):
        """Returns (answers, text) of the solution or the skeleton. With other than 100 percent all figures are made up,
        and the findings follow from them."""
        if name == "skeleton":
            return {}, text_of(self.lab, "report.md") if self.lab.report else ""
        right, text = self.right, ""
        if percent != 100:
            right = report.right_of({mode: {name: self.right[f"{mode}.{name}"] * percent // 100
                                            for name in report.wanted(mode)} for mode in report.MODES})
        if self.lab.report:
            text = text_of(self.lab, "solution.md").replace("@FIGURES@", figures_table(right))
        return {key: str(answer) for key, answer in right.items()}, text

    def edited(self, path):
        """Returns (answers, text, items that are lost) of a planted submission."""
        said = course.read_toml(path)
        given, text = self.base(said.get("base", "solution"), said.get("made_up_percent", 100))
        for edit in said.get("edit", ()):
            if "section" in edit:
                heading = f"## {edit['section']}"
                begin = text.index(heading) + len(heading)
                end = text.find("\n## ", begin)
                text = text[:begin] + f"\n\n{edit['text']}\n" + (text[end:] if end > 0 else "")
            elif edit["key"] not in self.right:
                raise ValueError(f"{path}: there is no question {edit['key']}")
            elif "as" in edit:
                given[edit["key"]] = str(self.right[edit["as"]])
            elif "plus" in edit:
                given[edit["key"]] = str(int(self.right[edit["key"]]) + edit["plus"])
            elif "percent" in edit:
                given[edit["key"]] = str(int(self.right[edit["key"]]) * edit["percent"] // 100)
            elif "digits" in edit:
                given[edit["key"]] = "9" * edit["digits"]
            else:
                given[edit["key"]] = edit["value"]
        lost = [item.name for item in self.lab.items] if said["lost"] == "all" else said["lost"].split()
        return given, text, lost

    def graded(self, given, text, name):
        """Returns the grading of a submission."""
        facts = (given, self.right, text) if self.lab.report else \
            (given, answers.digests_of(self.lab.seed, self.right), answers.salt_of(self.lab.seed))
        return grade.grade(self.lab, self.clean.paths, f"{self.clean.paths.results}/grade/{name}", who=name,
                           tell=lambda words: None, given=facts)
