"""What comes out of anything that is run: named cases with an outcome, in groups."""

from dataclasses import dataclass, field

from .ktap import FAILED, PASSED, SKIPPED  # noqa: F401  (the three outcomes, for everybody)


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
        """How many cases have this outcome."""
        return sum(1 for case in self.cases if case.outcome == outcome)

    @property
    def failed(self):
        """A group without a single case has proved nothing: it failed as well."""
        return not self.cases or self.count(FAILED) > 0
