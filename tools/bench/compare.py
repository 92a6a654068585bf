#!/usr/bin/env python3
"""Compares the figures of two commits, the largest change first.

    tools/bench/compare.py A B

Builds the release kernel of each commit in a work tree of its own below build/bench, runs the
benchmarks there, and removes the work tree. The figures of a commit are kept: they do not change.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys

import machine as machines
import report
import tables

ROOT = report.ROOT
PLACE = os.path.join(ROOT, "build", "bench", "commits")


def git(*arguments):
    """Returns what git prints, or raises BenchError."""
    done = subprocess.run(["git", "-C", ROOT, *arguments], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise machines.BenchError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def build(tree):
    """Builds the kernel and the archive of user programs of a work tree."""
    for goal in ("build/release/kernel.elf", "build/boot.tar"):
        done = subprocess.run(["make", "-C", tree, "--no-print-directory", f"-j{os.cpu_count()}", goal],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=False, env=clean_environment())
        if done.returncode and goal.endswith(".elf"):  # commits before user mode have no archive
            raise machines.BenchError(f"{tree} does not build:\n" + done.stdout[-2000:])


def clean_environment():
    """Returns the environment without what an outer make leaves for an inner one."""
    return {key: value for key, value in os.environ.items()
            if key not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL")}


def take(commit, todo):
    """Builds a commit and runs the machines. Returns {machine and figure: [value, unit]}."""
    tree = os.path.join(PLACE, commit)
    git("worktree", "add", "--force", "--detach", tree, commit)
    try:
        print(f"building {commit[:12]}", flush=True)
        build(tree)
        progress, found = report.Progress(len(todo)), {}
        for machine in todo:
            progress.begin(machine)
            run = machines.run_machine(machine, os.path.join(tree, "build", "release", "kernel.elf"),
                                       os.path.join(tree, "build", "boot.tar"), progress.figure)
            progress.end(f"{len(run.figures)} figures, {run.seconds:.0f} s")
            for figure in run.figures:
                found[f"{machine.label}: {figure.name}"] = [figure.value, figure.unit]
        return found
    finally:
        git("worktree", "remove", "--force", tree)


def figures_of(commit, todo):
    """Returns the figures of a commit, from the file that an earlier run left if there is one."""
    key = [dataclasses.asdict(machine) for machine in todo]
    path = os.path.join(PLACE, commit + ".json")
    try:
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        if kept["machines"] == key:
            return kept["figures"]
    except (FileNotFoundError, ValueError, KeyError):
        pass
    found = take(commit, todo)
    os.makedirs(PLACE, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"machines": key, "figures": found}, file, indent=1)
    return found


def change(before, after):
    """Returns by how many percent a value grew; without limit if it grew from nothing."""
    return (after - before) * 100 / before if before else float("inf") if after else 0.0


def differences(before, after):
    """Returns the rows of what changed, the largest change first, then what is new and what is gone."""
    both = [name for name in before if name in after and before[name][0] != after[name][0]]
    both.sort(key=lambda name: -abs(change(before[name][0], after[name][0])))
    rows = [[name, before[name][1], f"{before[name][0]:,}", f"{after[name][0]:,}",
             f"{change(before[name][0], after[name][0]):+.1f} %"] for name in both]
    rows += [[name, after[name][1], "", f"{after[name][0]:,}", "new"]
             for name in after if name not in before]
    rows += [[name, before[name][1], f"{before[name][0]:,}", "", "gone"]
             for name in before if name not in after]
    return rows


def main(arguments=None):
    """Compares."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("a", help="the commit before")
    parser.add_argument("b", help="the commit after")
    parser.add_argument("--modes", default="fault,eager")
    parser.add_argument("--bench", default="*")
    options = parser.parse_args(arguments)
    try:
        todo = [machines.Machine(mode, patterns=options.bench)
                for mode in report.chosen_modes([name for name in options.modes.split(",") if name])]
        commits = [git("rev-parse", "--verify", name + "^{commit}") for name in (options.a, options.b)]
        before, after = (figures_of(commit, todo) for commit in commits)
    except machines.BenchError as error:
        print(f"bench-compare: {error}", file=sys.stderr)
        return 1
    rows = differences(before, after)
    title = f"{commits[0][:12]} to {commits[1][:12]}: {len(rows)} of {len({*before, *after})} differ"
    print()
    print(tables.Table(title, ["figure", "unit", "before", "after", "change"], rows).text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
