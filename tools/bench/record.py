"""The records of a report: how they were taken, and one row for each figure, as JSON and CSV."""

import csv
import json
import os
import subprocess

COLUMNS = ("commit", "compiler", "flags", "emulator", "accel", "mode", "entry", "ipc", "cpus", "memory_mib", "seed",
           "patterns", "name", "value", "unit", "least", "most", "samples")


def output_of(*command):
    """Returns the first line that a command prints, or an empty string."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.splitlines()[0].strip() if done.stdout.strip() else ""


def about(root, kernel, commit=None):
    """Returns how the kernel was built and what it runs in. A tree with changes is marked."""
    if commit is None:
        commit = output_of("git", "-C", root, "rev-parse", "HEAD")
        if output_of("git", "-C", root, "status", "--porcelain", "--untracked-files=no"):
            commit += "+changes"
    try:
        with open(os.path.join(os.path.dirname(kernel), "flags"), encoding="utf-8") as file:
            text = file.read().replace(root, ".").strip()
    except FileNotFoundError:
        text = ""
    version, dash, flags = text.partition(" -")  # the version, the compiler's name, its flags
    return {"commit": commit or "unknown", "compiler": version.rpartition(" ")[0] or version,
            "flags": (dash + flags).strip(),
            "emulator": output_of(os.environ.get("QEMU", "qemu-system-x86_64"), "--version")}


def rows(facts, runs):
    """Returns one dictionary for each figure of the runs."""
    return [{**facts, "emulator": run.machine.emulator or facts["emulator"], "accel": run.machine.accel,
             "mode": run.machine.mode.name, "entry": run.machine.entry, "ipc": run.machine.ipc, "cpus": run.machine.cpus, "memory_mib": run.machine.memory_mib,
             "seed": run.machine.seed, "patterns": run.machine.patterns, "name": figure.name, "value": figure.value,
             "unit": figure.unit, "least": figure.least, "most": figure.most,
             "samples": figure.samples} for run in runs for figure in run.figures]


def write(directory, facts, runs):
    """Writes records.json and records.csv."""
    records = rows(facts, runs)
    with open(os.path.join(directory, "records.csv"), "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    series = [{"mode": run.machine.mode.name, "ipc": run.machine.ipc, "cpus": run.machine.cpus,
               "memory_mib": run.machine.memory_mib, "seed": run.machine.seed, "name": name, "points": points}
              for run in runs for name, points in run.series.items()]
    with open(os.path.join(directory, "records.json"), "w", encoding="utf-8") as file:
        json.dump({"about": facts, "records": records, "series": series}, file, indent=1)
        file.write("\n")
