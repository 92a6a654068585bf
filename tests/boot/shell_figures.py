"""Measures what the shell's system costs in each way to fill stacks: the boot to the shell, programs, pipes,
files and the heap in guest instructions, and the memory of kernel stacks under three loads. By hand:

    make shell-figures             (tests/boot/shell_figures.py --help)
"""

import argparse
import os
import re
import sys

import pytest

COUNTED = ("-icount", "shift=0,sleep=off", "-rtc", "base=2025-01-01,clock=vm")  # a guest nanosecond is an instruction
MODES = ("fault", "eager", "lend", "prefault")
# A slow host must not decide how much the swapper has taken when the pages are counted.
NEVER = "stack-shrink-age=0 stack-swap-age=0"
WAYS = {**{mode: f"stack={mode} {NEVER}" for mode in ("eager", "prefault", "lend", "fault")},
        "swapped": "stack-shrink-age=1 stack-swap-age=1"}
ASLEEP, ASLEEP_BY_HAND = 300, 2000
PAIRS, PAIRS_BY_HAND = 30, 100
STORM_SECONDS = 3600  # until it is killed
STACKS = re.compile(r"(\d+) threads: (\d+) of (\d+) pages")
PAGE_KIB = 4


def costs(terminal):
    """Returns {name: value with its unit} of what is measured at a shell that counts instructions."""
    terminal.wait_count(b"shell ready after ", 1)
    terminal.prompt()
    ready = int(re.search(rb"shell ready after (\d+) us", terminal.all).group(1))
    found = {"boot_to_shell": f"{ready * 1000} instructions", "boot_to_shell_seconds": f"{ready / 1000000:.3f} s"}
    terminal.ask("true")  # the next one is not the first one
    found["spawn_exit"] = f"{round(float(terminal.ask('time true').split()[0]) * 1000000)} instructions"
    for line in (terminal.ask("ipcbench 200") + terminal.ask("mallocbench 2000")).splitlines():
        _, name, value, _ = line.split()
        found[name] = f"{value} instructions"
    return found


def pages(terminal):
    """Returns (threads, pages of their kernel stacks that have memory, all pages of them)."""
    return tuple(map(int, STACKS.search(terminal.ask("stacks | grep threads:")).groups()))


def memory(terminal, asleep, pairs):
    """Returns {load: pages(...)} of the idle shell, many sleeping programs, and a storm of pipes."""
    terminal.ask("sleep 1")
    found = {"idle": pages(terminal)}
    terminal.ask(f"stress pipes {pairs} {STORM_SECONDS} & sleep 3")
    found["storm"] = pages(terminal)
    assert found["storm"][0] > 2 * pairs, f"{found['storm'][0]} threads, of which {2 * pairs} should be the storm's"
    terminal.ask("kill %1")
    while terminal.ask("jobs"):
        terminal.ask("sleep 0.1")
    answer = terminal.ask(f"sleep 4; stress asleep {asleep} 100000; sleep 2")
    assert f"{asleep} programs sleep\n" in answer, answer
    found["asleep"] = pages(terminal)
    assert found["asleep"][0] > asleep, f"{found['asleep'][0]} threads, while {asleep} programs should sleep"
    return found


@pytest.mark.parametrize("mode", MODES)
def check_costs(start, mode):
    """the shell is ready within a second of guest time, and what is measured there is noted"""
    from runner.terminal import Terminal  # pylint: disable=import-outside-toplevel
    machine = start(cmdline=f"shell=1 stack={mode}", cpus=1, extra=COUNTED)
    found = costs(Terminal(machine))
    for name, value in found.items():
        machine.note(f"BENCH {name}_{mode} {value}")
    assert float(found["boot_to_shell_seconds"].split()[0]) < 1
    assert len(found) == 11, found


@pytest.mark.parametrize("way", WAYS)
def check_memory(start, way):
    """kernel stacks of the idle shell, of many sleeping programs and in a storm of pipes"""
    from runner.terminal import Terminal  # pylint: disable=import-outside-toplevel
    machine = start(cmdline=f"shell=1 {WAYS[way]}", memory_mib=512)
    terminal = Terminal(machine)
    terminal.prompt()
    found = memory(terminal, ASLEEP, PAIRS)
    for load, (_, resident, whole) in found.items():
        machine.note(f"BENCH shell_{load}_{way}_stacks {resident * PAGE_KIB} KiB")
        share = resident / whole
        if way == "lend" and load == "storm":  # a thread that is ready has a whole stack, and all may be ready
            assert share <= 1
        else:
            assert share > 0.8 if way == "eager" else share < 0.95, f"{load}: {resident} of {whole} pages"


def main():
    """Measures by hand, and prints both tables as the book has them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--asleep", type=int, default=ASLEEP_BY_HAND, help="programs")
    parser.add_argument("--pairs", type=int, default=PAIRS_BY_HAND, help="of threads, in the storm")
    options = parser.parse_args()
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.insert(0, tests)
    from runner import boot, paths, row  # pylint: disable=import-outside-toplevel
    from runner.terminal import Terminal  # pylint: disable=import-outside-toplevel

    def measured(name, measure, **fields):
        machine = boot.make_machine(row.Row(f"figures-{name}", kind="script", script="tests/boot/shell_figures.py",
                                            **fields), paths.Paths(os.path.dirname(tests)))
        with machine:
            return measure(Terminal(machine, 600))

    table = {mode: measured(mode, costs, cpus=1, extra=COUNTED, cmdline=f"shell=1 stack={mode}") for mode in MODES}
    print("| | " + " | ".join(f"`stack={mode}`" for mode in MODES) + " |\n|---" + "|---" * len(MODES) + "|")
    for name in table[MODES[0]]:
        print(f"| `{name}` | " + " | ".join(table[mode][name] for mode in MODES) + " |", flush=True)

    def of_memory(terminal):
        terminal.prompt()
        return memory(terminal, options.asleep, options.pairs)

    found = {way: measured(way, of_memory, cpus=2, memory_mib=512, cmdline=f"shell=1 {WAYS[way]}") for way in WAYS}
    print(f"\n| kernel stacks | idle | {options.asleep} asleep | {options.pairs} pairs in a storm |\n|---|---|---|---|")
    for way, loads in found.items():
        cells = []
        for load in ("idle", "asleep", "storm"):
            kib, eager = loads[load][1] * PAGE_KIB, found["eager"][load][1] * PAGE_KIB
            cells.append(f"{kib:,} KiB" + ("" if way == "eager" else f", {kib * 100 / eager:.0f} %"))
        print(f"| `{WAYS[way].removesuffix(NEVER).strip()}` | " + " | ".join(cells) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
