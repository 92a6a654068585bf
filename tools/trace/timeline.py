#!/usr/bin/env python3
"""Runs a scenario with the kernel's trace on, and writes what was seen.

    tools/trace/timeline.py demo --out build/trace

Writes DIRECTORY/SCENARIO.bin (the kernel's events), .perfetto-trace (for https://ui.perfetto.dev),
.folded and .svg (which call paths push stacks beyond each page), .depth.txt (which functions' frames
cost most), and says what is in them.
"""

import argparse
import os
import re
import subprocess
import sys

import depth
import events
import flame
import trace_model
import perfetto

# The words for the kernel, and the most events, in thousands.
SCENARIOS = {
    "idle": ("bench=macro_idle", 50),
    "demo": ("", 50),
    "ipc": ("bench=ipc_roundtrip*,notify_roundtrip,pager_fault", 50),
    "build": ("bench=macro_tree", 50),
    "churn": ("bench=macro_churn", 50),
}
LIMIT_SECONDS = 900
SUCCESS = 33
COUNTED = ["-icount", "shift=0,sleep=off", "-rtc", "base=2025-01-01,clock=vm"]


def calls():
    """Returns {number: name} of the system calls that pass messages."""
    text = events.source("kernel", "syscall_list.h")
    return {int(number): name for number, name in
            re.findall(r"^    (?:MESSAGE|PAIR|CALL)\((\d+), (\w+),", text, re.MULTILINE)}


def command(options, words, thousands, port):
    """Returns QEMU's command line."""
    return ["timeout", str(LIMIT_SECONDS), os.environ.get("QEMU", "qemu-system-x86_64"), "-M", "pc",
            "-accel", "tcg", "-cpu", options.cpu, "-smp", str(options.smp), "-m", str(options.mem), *COUNTED,
            "-net", "none", "-display", "none", "-serial", "stdio", "-serial", "file:" + port, "-no-reboot",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", options.kernel,
            *(["-initrd", options.archive] if os.path.exists(options.archive) else []), "-append",
            f"{words} {options.words} trace={thousands} exit=1 panic=exit"]


def run(options, words, thousands, port):
    """Runs the machine, whose events go to a file. Returns what its console showed."""
    done = subprocess.run(command(options, words, thousands, port), stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode != SUCCESS:
        raise events.TraceError(f"QEMU ended with status {done.returncode}:\n{done.stdout[-2000:]}")
    return done.stdout


def convert(data, kernel_directory, base, title):
    """Writes the files beside base.bin. Returns the recording, and the checked Perfetto trace."""
    recording = events.read(data)
    packets = perfetto.write(trace_model.Model(recording, calls()))
    with open(base + ".perfetto-trace", "wb") as file:
        file.write(packets)
    with open(os.path.join(kernel_directory, "kernel.nm"), encoding="utf-8") as file:
        symbols = flame.Symbols(file)
    counts = flame.folded(recording, symbols)
    with open(base + ".depth.txt", "w", encoding="utf-8") as file:
        file.write(depth.text(depth.rows(recording, symbols, kernel_directory)))
    with open(base + ".folded", "w", encoding="utf-8") as file:
        file.write(flame.folded_text(counts))
    with open(base + ".svg", "w", encoding="utf-8") as file:
        file.write(flame.svg(counts, title))
    return recording, perfetto.check(packets)


def summary(recording, checker):
    """Returns lines that say what the trace has."""
    kinds = {}
    for event in recording.events:
        kinds[event.kind] = kinds.get(event.kind, 0) + 1
    return [f"{len(recording.events)} events of {recording.cpus} CPUs in "
            f"{recording.ns(recording.events[-1].tsc) / 1e6:.1f} ms of guest time"
            + ("; a ring was full" if recording.full else ""),
            ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
            f"{checker.counts.get(1, 0)} spans, {len(checker.flows)} flows, "
            f"{len(checker.complaints)} complaints"]


def main(arguments=None):
    """Runs, converts and checks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--out", default="build/trace")
    parser.add_argument("--kernel", default="build/release/kernel.elf")
    parser.add_argument("--archive", default="build/boot.tar")
    parser.add_argument("--cpu", default="qemu64")
    parser.add_argument("--smp", default=2, type=int)
    parser.add_argument("--mem", default=512, type=int)
    parser.add_argument("--events", default=0, type=int, help="the most, in thousands; 0: the scenario's")
    parser.add_argument("--words", default="", help="more words for the kernel")
    options = parser.parse_args(arguments)
    words, thousands = SCENARIOS[options.scenario]
    os.makedirs(options.out, exist_ok=True)
    base = os.path.join(options.out, options.scenario)
    try:
        print(f"trace: running the scenario {options.scenario}", flush=True)
        run(options, words, options.events or thousands, base + ".bin")
        with open(base + ".bin", "rb") as file:
            data = file.read()
        recording, checker = convert(data, os.path.dirname(options.kernel), base,
                                     f"pages filled by stack faults, scenario {options.scenario}")
    except events.TraceError as error:
        print(f"trace: {error}", file=sys.stderr)
        return 1
    print("\n".join(summary(recording, checker)))
    print(f"Written: {base}.perfetto-trace (open it at https://ui.perfetto.dev), .folded, .svg, "
          ".depth.txt, .bin")
    for complaint in checker.complaints[:20]:
        print(f"trace: {complaint}", file=sys.stderr)
    return 1 if checker.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
