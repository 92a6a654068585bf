"""Test results: named cases with an outcome, collected in groups."""

from dataclasses import dataclass, field

from .ktap import FAILED, PASSED, SKIPPED  # noqa: F401  (the three outcomes, exported)


@dataclass
class Case:
    """One counted test."""

    name: str
    outcome: str
    detail: str = ""
    seconds: float = 0.0


@dataclass
class Group:
    """The cases of one row, one set of host tests or one set of checks."""

    name: str
    cases: list = field(default_factory=list)
    seconds: float = 0.0
    remarks: list = field(default_factory=list)
    output: str = ""

    def add(self, name, outcome, detail="", seconds=0.0):
        """Appends a case."""
        assert outcome in (PASSED, FAILED, SKIPPED)
        self.cases.append(Case(name, outcome, detail, seconds))

    def count(self, outcome):
        """Returns the number of cases with this outcome."""
        return sum(1 for case in self.cases if case.outcome == outcome)

    @property
    def failed(self):
        """Returns whether the group failed. A group without cases has checked nothing and fails."""
        return not self.cases or self.count(FAILED) > 0
