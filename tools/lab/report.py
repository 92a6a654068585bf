"""Checks a research report: the figures in it against those that this kernel measures, what follows from them,
and the form of the text. Whether the text is any good, a reader must say.
"""

import os
import re
import sys

from . import answers, result

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import machine  # noqa: E402  # pylint: disable=wrong-import-position

# As `make bench CMDLINE=stack=...` does it.
MODES = {name: machine.Mode(name, f"stack={name}") for name in ("fault", "lend", "prefault")}
FIGURES = ("switch", "tick_preempt", "lock_spin", "thread_cycle_cold", "thread_cycle_cached",
           "idle_thread_bytes")
FAULTS = ("stack_fault_1", "stack_fault_2", "stack_fault_3")
TOLERANCE_PERCENT = 3
NUMBER = re.compile(r"[0-9]{1,18}")
SECTIONS = {"Question": 40, "Method": 60, "Figures": 30, "Threats to validity": 60, "Conclusion": 60}  # words
METHOD_NAMES = ("-icount", "gcc", "qemu")
FINDINGS = {
    "dearest_switch": "the mode whose switch takes most instructions: fault, lend or prefault",
    "most_memory": "the mode in which a thread that never went deep holds most bytes",
    "lock_tax_percent": "how many percent more a spinlock takes with prefault than with fault, rounded down",
    "bytes_saved": "how many bytes fewer a thread that never went deep holds with fault than with prefault",
    "even_after": "a stack grows once, by one page: the least number of switches after which the dearer switch "
                  "of prefault has cost more than that stack fault",
}


def wanted(mode):
    """Returns the names of the figures that are asked for of a mode."""
    return FIGURES + FAULTS if mode == "fault" else FIGURES


def measure(kernel, archive):
    """Boots the kernel once for each mode and returns {mode: {name: value}}."""
    taken = {}
    for name, mode in MODES.items():
        run = machine.run_machine(machine.Machine(
            mode=mode, patterns="switch,tick_preempt,lock,thread_cycle_c*,idle_thread_bytes,stack_fault*"),
            kernel, archive)
        taken[name] = {figure.name: figure.value for figure in run.figures}
    return taken


def right_of(taken):
    """Returns {group.key: answer} that the figures demand."""
    fault, prefault = taken["fault"], taken["prefault"]
    right = {f"{mode}.{name}": taken[mode][name] for mode in MODES for name in wanted(mode)}
    dearer = prefault["switch"] - fault["switch"]
    right.update({
        "findings.dearest_switch": max(MODES, key=lambda mode: taken[mode]["switch"]),
        "findings.most_memory": max(MODES, key=lambda mode: taken[mode]["idle_thread_bytes"]),
        "findings.lock_tax_percent": 100 * (prefault["lock_spin"] - fault["lock_spin"]) // fault["lock_spin"],
        "findings.bytes_saved": prefault["idle_thread_bytes"] - fault["idle_thread_bytes"],
        "findings.even_after": fault["stack_fault_1"] // dearer + 1 if dearer > 0 else "never"})
    return right


def template():
    """Returns the file that students fill in."""
    lines = ["# Lab 10: your figures and findings, each between the quotes. lab/handout.md says how to take them."]
    for mode in MODES:
        lines += ["", f"[{mode}]  # stack={mode}", *(f'{name} = ""' for name in wanted(mode))]
    lines += ["", "[findings]"]
    for key, words in FINDINGS.items():
        lines += [f"# {words}", f'{key} = ""']
    return "\n".join(lines) + "\n"


def is_right(given, right):
    """Returns whether an answer is the right one; numbers may differ by TOLERANCE_PERCENT."""
    one, other = answers.normal(given), answers.normal(right)
    if not (NUMBER.fullmatch(one) and NUMBER.fullmatch(other)):
        return one == other
    return abs(int(one) - int(other)) * 100 <= TOLERANCE_PERCENT * int(other)


def sections_of(text):
    """Returns {heading: text} of a report's sections of the second level."""
    parts = re.split(r"^## +(.+?)\s*$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def complaints_about(text, given):
    """Returns what is wrong with the form of a report."""
    found, parts = [], sections_of(text)
    for heading, least in SECTIONS.items():
        count = len(re.findall(r"\w+", parts.get(heading, "")))
        if count < least:
            found.append(f"expected a section '## {heading}' of at least {least} words; seen: {count}")
    missing = [name for name in METHOD_NAMES if name not in parts.get("Method", "").lower()]
    if missing:
        found.append(f"expected the method to name {', '.join(missing)}")
    numbers = set(re.findall(r"\d+", parts.get("Figures", "").replace(",", "")))
    absent = [key for key in (f"{mode}.{name}" for mode in MODES for name in wanted(mode))
              if answers.normal(given.get(key, "")) not in numbers]
    if absent:
        found.append(f"expected the section Figures to have all figures; seen: no {', '.join(absent[:3])}")
    return found


def judge(item, given, right, text):
    """Returns what an item earned, given the answers and the report. `right` is None if nothing could be measured."""
    if item.answers == "report":
        why = complaints_about(text, given)
    elif right is None:
        why = ["this tree's kernel cannot be measured, so there is nothing to compare the figures with"]
    else:
        why = [f"{key}: {'no answer' if not given.get(key) else f'{given[key]} is not right'}"
               for key, wanted_one in right.items() if key.startswith(item.answers + ".")
               and not is_right(given.get(key, ""), wanted_one)]
    return result.ItemResult(item.name, item.what, item.points, 0 if why else item.points, False, why,
                             item.reason if why else "", f"make grade ITEM={item.name}")


def read(folder):
    """Returns (answers, text) of a student's folder lab/. Raises OSError or ValueError if they cannot be
    read."""
    with open(os.path.join(folder, "answers.toml"), encoding="utf-8") as file:
        given = answers.read(file.read())
    with open(os.path.join(folder, "report.md"), encoding="utf-8") as file:
        return given, file.read()
