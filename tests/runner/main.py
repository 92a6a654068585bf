"""The command `tests/run`: chooses rows and groups, builds, runs two at a time, and reports."""

import argparse
import dataclasses
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase

from . import (boot, compiler, elf, exemptions, figures, fred, hostside, machine, marks, mutant, program,
               python_tests, report, suite, systems)
from .paths import BUILDS, BuildError, Paths
from .progress import Progress
from .result import FAILED, SKIPPED, Group

HOST_GROUPS = ("checks", "self", "host", "stacks", "mutants", "model")


def parse_arguments(arguments):
    """Parses the options of tests/run."""
    parser = argparse.ArgumentParser(
        prog="tests/run", description="Boots the kernel in every row of tests/matrix.py, runs the"
        " host's tests, and ends with one line: N passed, N failed.")
    parser.add_argument("--row", action="append", metavar="PATTERN", default=[],
                        help="only rows (or checks, self, host, stacks, mutants, model) whose name matches;"
                        " repeatable")
    parser.add_argument("--test", metavar="PATTERN", default="",
                        help="only kernel tests that match, in rows of the suite")
    parser.add_argument("--quick", action="store_true",
                        help="only the release kernel by PVH with 2 CPUs")
    parser.add_argument("--list", action="store_true", help="list rows and their tests, run none")
    parser.add_argument("--ci", action="store_true", default=bool(os.environ.get("CI")),
                        help="a skip that tests/exemptions does not list is a failure")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)),
                        help="machines, and compilers, at a time (default: %(default)s)")
    parser.add_argument("--make", action="append", metavar="WORD=VALUE", default=[],
                        help="build with this word of the Makefile, such as CC=clang; repeatable")
    parser.add_argument("--verbose", action="store_true", help="show the lines of every machine")
    parser.add_argument("--record-figures", action="store_true",
                        help="write what rows of benchmarks print to " + figures.RECORD)
    parser.add_argument("--no-build", action="store_true", help="take what is in build/ as it is")
    return parser.parse_args(arguments)


def one_of_each_turn(rows, turn):
    """Returns the rows, but of those that rotate together only number `turn`, counted in a circle."""
    circles = {}
    for row in rows:
        circles.setdefault(row.rotates, []).append(row)
    return [row for row in rows
            if not row.rotates or row is circles[row.rotates][turn % len(circles[row.rotates])]]


def choose(rows, options, turn=0):
    """Returns the chosen rows and the names of the chosen groups of host tests."""
    if options.quick:
        return [row for row in rows if row.quick], []
    if not options.row:
        return one_of_each_turn(rows, turn), list(HOST_GROUPS)
    chosen = [row for row in rows if any(fnmatchcase(row.name, p) for p in options.row)]
    return chosen, [name for name in HOST_GROUPS if any(fnmatchcase(name, p)
                                                        for p in options.row)]


def with_tests(row, patterns):
    """Returns the row with another selection of kernel tests, if it runs the suite."""
    return dataclasses.replace(row, tests=patterns) if row.kind == "suite" else row


class Run:
    """One run of the chosen rows and groups."""

    def __init__(self, paths, rows, names, options, listed):
        self.paths = paths
        self.rows = rows
        self.names = names
        self.options = options
        self.exemptions = listed
        self.progress = Progress()
        self.broken = set()
        self._ids = {}

    def build(self):
        """Builds everything that is needed with one make. If that fails, builds each part alone,
        so that only the rows of a broken build fail. Returns a group of failures, or None."""
        goals = {build: self.paths.kernel(build)
                 for build in {row.build for row in self.rows if not row.compiler}}
        for build in self.bounded(list(goals)):
            goals[f"{build} stack bounds"] = self.paths.stack_bounds(build)
        if goals:
            goals["user programs"] = self.paths.archive
        if "host" in self.names:
            goals["host"] = [os.path.join(self.paths.build, name)
                             for name in hostside.HOST_PROGRAMS]
        if self.options.no_build or not goals:
            return None
        self.progress.say("building: " + ", ".join(sorted(goals)))
        try:
            self.paths.make_files(goals.values())
            return None
        except BuildError:
            group = Group("build")
        for name in sorted(goals):
            try:
                self.paths.make_files([goals[name]])
            except BuildError as error:
                self.broken.add(name)
                group.add(name, FAILED, str(error))
        return group if group.cases else None

    def bounded(self, builds):
        """Returns the builds whose stack bounds are computed and compared with the measured use.
        A quick run has none, because it must be short."""
        if self.options.quick:
            return []
        return BUILDS if "stacks" in self.names else builds

    def ids(self, kernel):
        """Returns the ids of the tests in a kernel."""
        if kernel not in self._ids:
            self._ids[kernel] = elf.test_ids(kernel)
        return self._ids[kernel]

    def run_row(self, row):
        """Boots a row, or runs its script, and judges it."""
        if row.build in self.broken:
            raise BuildError(f"there is no {row.build} kernel")
        self.make_iso(row)
        if row.kind == "script":
            return python_tests.script(row, self.paths,
                                       lambda text: self.progress.update(row.name, text))
        seen = {}

        def watch(reader, done=0, wanted=()):
            if self.options.verbose:
                for line in reader.lines[seen.get(reader, 0):]:
                    self.progress.say(f"{row.name} | {line}")
                seen[reader] = len(reader.lines)
            text = f"{done + len(reader.results)}/{len(wanted)} {reader.running or ''}"
            self.progress.update(row.name, text.strip() if wanted else "booting")

        bounds = marks.read_bounds(self.paths.stack_bounds(row.build)) \
            if self.bounded([row.build]) and not row.compiler else None
        if row.kind == "suite":
            group = self.run_suite(row, watch, bounds)
        else:
            group = boot.run(row, boot.make_machine(row, self.paths), watch=watch, bounds=bounds)
        found = marks.read_marks(group.output.split("\n"))
        if found and not row.compiler:
            marks.record(self.paths.kernel(row.build), found)
        return group

    def make_iso(self, row):
        """Builds the row's ISO if the row boots one."""
        if row.from_iso and not self.options.no_build:
            self.paths.make_iso(row)

    def run_suite(self, row, watch, bounds):
        """Runs the tests that a row selects, in as many machines as needed."""
        if compiler.why_not(row):
            group = Group(row.name)
            group.add("machine", SKIPPED, compiler.why_not(row))
            return group
        paths = compiler.paths_for(self.paths, row)
        ids = self.ids(paths.kernel(row.build))
        wanted = suite.select(ids, row.tests)

        def start(changed):
            self.make_iso(changed)
            return boot.make_machine(changed, paths)

        return suite.Suite(row, wanted, ids, self.progress.say).run(
            start, lambda reader, done: watch(reader, done, wanted),
            exemptions=self.exemptions, ci=self.options.ci, bounds=bounds)

    def leave_out_fred(self, why_not):
        """Removes the rows that need FRED if it is missing, and returns the group of the skip."""
        if not any(row.fred for row in self.rows) or "release" in self.broken:
            return None
        reason = why_not()
        if not reason:
            return None
        self.rows = [row for row in self.rows if not row.fred]
        self.progress.say(f"fred: left out: {reason}")
        return fred.skipped(reason)

    def guarded(self, name, function, *arguments):
        """Runs one function. An exception in it becomes a failure of its group."""
        self.progress.started(name)
        try:
            group = function(*arguments)
        except Exception as error:  # pylint: disable=broad-except  # the runner's errors fail too
            group = Group(name)
            group.add("runner", FAILED, f"{type(error).__name__}: {error}")
        self.progress.finished(group)
        return group

    def run_all(self):
        """Runs all that was chosen and returns the groups in the order of the matrix."""
        without_fred = self.leave_out_fred(lambda: fred.why_not(self.paths))
        failures = self.build()
        without_fred = without_fred or self.leave_out_fred(
            lambda: fred.why_not_booted(self.paths, self.paths.make_iso))
        functions = {"checks": python_tests.checks, "self": python_tests.self_tests,
                     "host": hostside.host_tests, "stacks": hostside.stack_bounds,
                     "mutants": hostside.mutants_third, "model": hostside.model_tests}
        with ThreadPoolExecutor(max_workers=self.options.jobs) as pool:
            futures = []
            for name in self.names:
                def update(text, name=name):
                    self.progress.update(name, text)
                futures.append(pool.submit(self.guarded, name, functions[name], self.paths,
                                           update))
            futures += [pool.submit(self.guarded, row.name, self.run_row, row)
                        for row in self.rows]
            groups = [future.result() for future in futures]
        return ([failures] if failures else []) + groups + ([without_fred] if without_fred else [])


def list_rows(rows):
    """Prints a line for each row, for as long as somebody reads."""
    try:
        for row in rows:
            print(f"{row.name:24} {row.kind:7} {row.emulator} {row.boot} {row.build}"
                  f" {row.cpus} CPUs {row.memory_mib} MiB: {row.full_cmdline}")
        sys.stdout.flush()
    except BrokenPipeError:  # `head` has enough; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def stale_exemptions(run, all_rows, listed):
    """Returns a group that fails if a line of tests/exemptions matches nothing."""
    ids = set()
    for row in run.rows:
        if not row.compiler:
            ids.update(run.ids(run.paths.kernel(row.build)))
    group = Group("exemptions")
    complaints = exemptions.stale(listed, [row.name for row in all_rows], ids)
    group.add("no stale line", FAILED if complaints else "passed", "\n".join(complaints))
    return group


def main(arguments, root, rows):
    """Runs the command and returns the exit status."""
    options = parse_arguments(arguments)
    names = [row.name for row in rows]
    assert len(set(names)) == len(names), "two rows of the matrix have the same name"
    options.jobs = max(1, options.jobs)
    if options.ci and not any(word.startswith("CI=") for word in options.make):
        options.make.append("CI=true")
    paths = Paths(root, jobs=options.jobs, words=options.make)
    with open(os.path.join(root, "tests", "exemptions"), encoding="utf-8") as file:
        listed = exemptions.parse(file.read())
    chosen, groups_chosen = choose(rows, options, mutant.commit_turn(root))
    if not chosen and not groups_chosen:
        print("no row matches; --list shows them", file=sys.stderr)
        return 2
    if options.test:
        chosen = [with_tests(row, options.test) for row in chosen]
    run = Run(paths, chosen, groups_chosen, options, listed)
    if options.list:
        list_rows(chosen)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        groups = run.run_all()
        compared = figures.run_landed(paths, chosen, groups,
                                      "record" if options.record_figures else "compare")
        if compared:
            groups.append(compared)
        if not options.row and not options.quick and not run.broken:
            groups.append(stale_exemptions(run, rows, listed))
            with open(os.path.join(root, "docs", "systems.md"), encoding="utf-8") as file:
                absent = [row for row in rows if row.rotates and row not in chosen]
                groups.append(systems.check_systems(file.read(), groups, absent))
    except (KeyboardInterrupt, SystemExit):
        machine.kill_all()
        program.end_all()
        print("\ninterrupted")
        os._exit(130)
    report.write_junit(groups, os.path.join(paths.build, "test-results.xml"))
    if compared:
        print(compared.output, end="")
    for line in report.details(groups):
        print(line)
    report.write_summary(groups, os.path.join(paths.build, "test-summary.txt"))
    print(report.last_line(groups))
    return 1 if report.totals(groups)[1] else 0
