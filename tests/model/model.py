#!/usr/bin/env python3
"""Checks the model of the guarantee (gate.pml) exhaustively, and that each of its guards is needed.

First the whole model, which must keep every property in every state that can be reached; then once
for each guard without that guard, which must break the property that the guard is for. A search
counts only if it was complete: no bitstate, no hash compaction, the depth limit not reached.
docs/model.md explains; `make model` runs it; --tap prints what tests/runner/tap.py reads.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DEPTH_LIMIT = 4_000_000
GUARD_DEPTH_LIMIT = 60_000  # a mistake shows sooner; one that did not would be told
MEMORY_LIMIT_MIB = 6000
LIMIT_SECONDS = 3600  # for one search: what is longer hangs, however busy the machine

# What the model calls a property, and the name that it has here and in docs/model.md.
PROPERTIES = {
    "cover_lost": "cover",
    "stray_served": "own-holes-only",
    "frames_lost": "conserved",
    "frame_twice": "one-place",
    "frame_stale": "no-stale-translation",
    "two_cpus": "one-cpu",
    "gone_touched": "living-only",
    "bytes_lost": "own-bytes",
    "answer_mixed": "own-answer",
    "frame_gone": "frame-in-place",
    "stack_double": "own-stack",
    "sleeps_on": "woken",
    "region_gone": "region-in-place",
    "message_lost": "own-message",
    "stack_shared": "entry-stack-free",
}

# Words of pan that say that it has not seen all states.
INCOMPLETE = {
    "max search depth too small": "the depth limit was reached",
    "out of memory": "there was not memory enough",
    "memory limit": "the memory limit was reached",
    "VECTORSZ": "the state vector was too small",
    "Search not completed": "the search was not completed",
    "aborted": "the search was aborted",
}


class Refused(Exception):
    """A search that proves nothing, with the reason."""


@dataclass
class Run:
    """One search: the macros that are set, and what must come out."""

    name: str
    sentence: str
    macros: str
    live: bool = False
    breaks: str = ""  # the property that must break; "": none may
    model: str = "gate.pml"

    @property
    def all_macros(self):
        """As the preprocessor wants them."""
        return [f"-D{word}" for word in self.macros.split()] + (["-DLIVE"] if self.live else [])


@dataclass
class Outcome:
    """What a search said."""

    broken: str = ""
    states: int = 0
    depth: int = 0
    seconds: float = 0
    complaint: str = ""
    output: str = field(default="", repr=False)


NUMBERS = "PAGES=2 FRAMES=5 HOG=0"
DEEP = "PAGES=3 FRAMES=7 HOG=0"
MARKED = "PAGES=2 FRAMES=5 HOG=0 MARK"
SWAPPED = "PAGES=2 FRAMES=4 HOG=0 MORTALS=2 SWAP TWO"
SWAPPED_MARKED = "PAGES=2 FRAMES=3 HOG=0 MORTALS=2 SWAP TWO MARK"
SWAPPED_IMMORTAL = "PAGES=2 FRAMES=4 HOG=0 MORTALS=0 SWAP TWO"
THREE_SWAPPED = "PAGES=2 FRAMES=3 HOG=0 MORTALS=1 SWAP"
SERVED = "PAGES=2 FRAMES=6 HOG=1"
IMMORTAL = SERVED + " MORTALS=0"
SERVED_SWAPPED = "PAGES=2 FRAMES=4 HOG=1 MORTALS=0 SWAP TWO"
HANDOFF = "HANDOFF CALLS=2"
ASLEEP = "PAGES=2 FRAMES=2 HOG=0 MORTALS=0 SWAP TWO NIGHT"

WHOLE = (
    Run("served", "a waiting thread runs again, if memory is freed again and again", SERVED,
        live=True),
    Run("deep", "stacks of 3 pages: cover, frames conserved, one CPU a stack", DEEP),
    Run("mortal", "stacks of 2 pages, every thread is created and ends", NUMBERS + " MORTALS=3"),
    Run("swap", "pages of sleepers are taken and come back; threads are created, killed, reaped",
        SWAPPED),
    Run("swap-marked", "as swap, one frame by identity: none used that a CPU may know",
        SWAPPED_MARKED),
    Run("swap-three", "three threads, of which one ends and is created again", THREE_SWAPPED),
    Run("served-swap", "a waiting thread runs again, while pages are taken and come back",
        SERVED_SWAPPED, live=True),
    Run("served-asleep", "the frames of a thread that sleeps for good reach one that waits", ASLEEP,
        live=True),
    Run("unmap", "a page that is unmapped and used again, on two CPUs that may know it", "",
        model="unmap.pml"),
    Run("ipc", "calls by the fast path and the slow one, given up, killed, swapped out", "",
        model="ipc.pml"),
    Run("ipc-handoff", "as ipc, with threads that give their stacks away while they wait", HANDOFF,
        model="ipc.pml"),
    Run("small", "the gate by itself, as the course has it: cover, frames conserved", "",
        model="../gate/small_gate.pml"),
    Run("copy", "a wait for a pager in the middle of user copy, while its memory is unmapped", "",
        model="copy.pml"),
    Run("marked", "one frame by identity: in one place, none freed that a CPU may know", MARKED),
)


def guard(macro, breaks, sentence, macros=NUMBERS, model="gate.pml"):
    """A run without one guard."""
    return Run(macro, sentence, f"{macros} {macro}", breaks == "served", breaks, model)


def small_guard(model, macro, breaks, sentence):
    """A run of one of the small models without one guard."""
    return Run(macro, sentence, macro, breaks=breaks, model=f"{model}.pml")


GUARDS = (
    guard("GATE_ONE_SHORT", "cover", "the gate asks for one frame less than both stacks miss"),
    guard("GATE_IGNORES_FROM", "cover", "the gate forgets the stack that is left"),
    guard("ROUNDS=1", "cover", "a full magazine does not cover any two stacks"),
    guard("REFILL_PARTIAL", "cover", "a refill that got less than it needed counts"),
    guard("BUSY_DRAINS_ALL", "cover", "a busy CPU gives the cover of its thread away"),
    guard("STRAY_FILL", "cover", "a hole of any slot is filled, not only of stacks in use here"),
    guard("REAP_EARLY", "cover", "a dead thread's stack is given up before the switch away"),
    guard("NEXT_NAMED_LATE", "own-holes-only", "the next stack is named only after the switch"),
    guard("MIGRATE_BEFORE_SWITCH_DONE", "one-cpu",
          "the run queue is unlocked before the switch is complete"),
    guard("RESERVE_DOUBLE", "conserved", "a drained frame stays in the magazine, too"),
    guard("RESERVE_DOUBLE", "one-place",
          "a drained frame stays in the magazine, as the frame sees it", MARKED),
    guard("FREE_WITHOUT_SHOOTDOWN", "no-stale-translation",
          "frames of a dead stack are freed without a shootdown", MARKED),
    guard("ROUNDS=2", "cover", "a full magazine does not cover a stack that is swapped out",
          SWAPPED),
    guard("GATE_IGNORES_SWAPPED", "cover", "the gate forgets the page that is swapped out",
          SWAPPED),
    guard("SWAP_CURRENT", "cover", "pages are taken from a thread that has not left its CPU",
          SWAPPED_IMMORTAL),
    guard("SWAP_UNLOCKED", "cover", "pages are taken without the lock that dispatch takes",
          SWAPPED_IMMORTAL),
    guard("STANDBY_NOT_FREED", "own-holes-only",
          "what lies below a page that is gone stays on standby", SWAPPED),
    guard("RECLAIM_NO_EXCHANGE", "conserved", "a frame is given away though its thread has it back",
          SWAPPED),
    guard("RECLAIM_UNMAPPING", "no-stale-translation", "frames are given away before the shootdown",
          SWAPPED_MARKED),
    guard("SWAP_WITHOUT_SHOOTDOWN", "no-stale-translation",
          "pages are put on standby without a shootdown", SWAPPED_MARKED),
    guard("CLAIM_STANDS", "living-only", "a wake-up does not cross its claim out", SWAPPED),
    guard("REAP_SWAPPED", "own-holes-only", "a thread without its top page is reaped", SWAPPED),
    guard("STANDBY_KEPT", "served", "standby pages are not freed while others wait", ASLEEP),
    guard("STALE_NEED", "served", "the gate asks for pages that it has filled itself",
          SERVED_SWAPPED),
    guard("NO_GRANT", "served", "no thread that waits may try again", IMMORTAL),
    guard("NO_IDLE_DRAIN", "served", "an idle CPU keeps what it holds", IMMORTAL),
    guard("NO_BUSY_DRAIN", "served", "a busy CPU keeps what it does not need", IMMORTAL),
    guard("NO_PROMISE", "served", "the same frames are granted to several threads", IMMORTAL),
    guard("NO_FREE_TO_RESERVE", "served", "freed frames do not go to the reserve first", IMMORTAL),
    guard("NEWCOMERS_OVERTAKE", "served", "a thread that has not waited takes frames first",
          IMMORTAL),
    guard("GREEDY_REFILL", "served", "a refill takes a full magazine while others wait", IMMORTAL),
    guard("GRANT_FORGOTTEN", "served", "a thread that was granted frames does not count",
          IMMORTAL),
    small_guard("unmap", "UNMAP_MAKES_HOLE", "own-bytes",
                "a page is a hole at once, and a touch before the shootdown gets another frame"),
    small_guard("unmap", "RETURN_ANOTHER_FRAME", "own-bytes",
                "a touch of a page that is being unmapped gets another frame"),
    small_guard("unmap", "UNMAP_TAKES_RETURNED", "no-stale-translation",
                "a page that was touched meanwhile is freed all the same"),
    small_guard("unmap", "UNMAP_WITHOUT_SHOOTDOWN", "no-stale-translation",
                "the frame is freed without a shootdown"),
    small_guard("ipc", "FAST_IGNORES_CALL", "own-answer",
                "a fast answer goes to any call of the client that awaits one"),
    small_guard("ipc", "SLOW_IGNORES_CALL", "own-answer",
                "an answer goes to any call of the client that awaits one"),
    small_guard("ipc", "FAST_IGNORES_PENDING", "frame-in-place",
                "a direct switch goes to a thread that the swapper has"),
    small_guard("ipc", "FAST_IGNORES_STATE", "one-cpu",
                "a direct switch goes to a thread that was woken already"),
    small_guard("ipc", "FAST_IGNORES_KILL", "woken",
                "a thread that is to end goes to sleep by a direct switch"),
    small_guard("ipc", "FAST_UNLOCKED", "living-only",
                "the client's lock is not held while its thread is looked at"),
    small_guard("ipc", "SLEEP_UNLOCKED", "woken",
                "the client's lock is released before it sleeps"),
    guard("EXCHANGE_HALF", "own-stack", "a thread that hands its stack over keeps it as well", HANDOFF,
          "ipc.pml"),
    guard("GIVE_EARLY", "own-stack", "a cache has a stack before the CPU has left it", HANDOFF,
          "ipc.pml"),
    small_guard("copy", "GIVE_UNCHECKED", "region-in-place",
                "the pager's page is entered without another look at the region"),
    small_guard("copy", "QUESTION_WITHOUT_REFERENCE", "living-only",
                "the question holds no reference to the memory object"),
    small_guard("copy", "REMAP_WITHOUT_SHOOTDOWN", "no-stale-translation",
                "memory that is being copied is unmapped without a shootdown"),
    small_guard("copy", "MESSAGE_NOT_ASIDE", "own-message",
                "the call to the pager takes the place of the thread's own message"),
    small_guard("copy", "WAIT_ON_ENTRY_STACK", "entry-stack-free",
                "the thread waits on the entry stack"),
    small_guard("copy", "LOCK_HELD_BY_WAIT", "woken",
                "the lock of the address space is held while the pager is asked"),
    small_guard("copy", "KILL_UNSEEN", "woken", "a killed thread goes on waiting for the pager"),
)


def judge(text, whole):
    """Reads what pan printed; raises Refused if it proves nothing.

    A search that must find nothing has to be complete; one that found what it should may stop.
    """
    if "Bit statespace search" in text or "Hash-Compact" in text:
        raise Refused("the search was not exhaustive")
    if "Full statespace search" not in text:
        raise Refused("this is not the output of a search")
    counts = re.search(r"depth reached (\d+), errors: (\d+)", text)
    states = re.search(r"^ *(\d[\d.e+]*) states, stored", text, re.MULTILINE)
    if not counts or not states:
        raise Refused("there are no counts")
    outcome = Outcome(depth=int(counts.group(1)), states=int(float(states.group(1))))
    found = re.search(r"^pan:\d+: (.*)$", text, re.MULTILINE)
    if found:
        outcome.broken = property_of(found.group(1))
    if (outcome.broken == "") != (counts.group(2) == "0"):
        raise Refused("the count of errors and the errors told do not agree")
    if whole and not outcome.broken:
        for words, reason in INCOMPLETE.items():
            if words in text:
                raise Refused(reason)
    return outcome


def property_of(error):
    """The name of the property that an error of pan is about."""
    if "acceptance cycle" in error:
        return "served"
    for word, name in PROPERTIES.items():
        if re.search(rf"\b{word}\b", error):
            return name
    return error.split(" (at depth")[0]


def execute(command, directory):
    """Runs a command; (status, output, seconds), or Refused if it takes too long."""
    begin = time.monotonic()
    try:
        done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired as late:
        raise Refused(f"{command[0]} took more than {LIMIT_SECONDS} seconds") from late
    except OSError as error:
        raise Refused(f"{command[0]}: {error.strerror}") from error
    return done.returncode, done.stdout, time.monotonic() - begin


def search(run, directory, depth_limit=None):
    """Generates, compiles and runs the search; returns what it said, or raises Refused."""
    depth_limit = depth_limit or (GUARD_DEPTH_LIMIT if run.breaks else DEPTH_LIMIT)
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    shutil.copy(os.path.join(HERE, run.model), directory)
    status, text, _ = execute(["spin", "-a", *run.all_macros, os.path.basename(run.model)], directory)
    if status != 0 or "Error" in text:
        raise Refused(f"spin: {text.strip()}")
    # Guards stop soon, so compiling must not take long; the whole model is worth it.
    compiler = ["gcc", "-w", "-O1" if run.breaks else "-O2", f"-DMEMLIM={MEMORY_LIMIT_MIB}"]
    compiler += ["-DNFAIR=3"] if run.live else ["-DSAFETY", "-DCOLLAPSE"]
    status, text, _ = execute([*compiler, "-o", "pan", "pan.c"], directory)
    if status != 0:
        raise Refused(f"gcc: {text.strip()}")
    options = ["-a", "-f"] if run.live else []
    _, text, seconds = execute(["./pan", f"-m{depth_limit}", *options], directory)
    with open(os.path.join(directory, "output.txt"), "w", encoding="utf-8") as file:
        file.write(text)
    outcome = judge(text, not run.breaks)
    outcome.seconds, outcome.output = seconds, text
    return outcome


def check(run, out_directory):
    """A search and what is wrong with its outcome."""
    name = re.sub(r"\W", "-", f"{run.name}-{run.breaks}" if run.breaks else run.name)
    try:
        outcome = search(run, os.path.join(out_directory, name))
    except Refused as reason:
        return Outcome(complaint=str(reason))
    if outcome.broken != run.breaks:
        if not run.breaks:
            outcome.complaint = f"broken: {outcome.broken}"
        elif not outcome.broken:
            outcome.complaint = "breaks nothing: a guard that is not needed, or a blind model"
        else:
            outcome.complaint = f"breaks {outcome.broken} instead"
        outcome.complaint += f"; build/model/{name} has the trail"
    return outcome


def line(run, outcome):
    """A line of the table."""
    what = f"without it: {run.breaks} breaks" if run.breaks else "holds in every state"
    numbers = f"{outcome.states:9} states {outcome.depth:8} deep {outcome.seconds:6.1f} s"
    return f"{run.name:27} {outcome.complaint or what:40} {numbers}"


def main():
    """Runs all, or those that are named."""
    parser = argparse.ArgumentParser(description="Checks the model of the guarantee.")
    parser.add_argument("names", nargs="*", help="runs to make (default: all)")
    parser.add_argument("--tap", action="store_true", help="print TAP")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1),
                        help="searches at a time (default: %(default)s)")
    parser.add_argument("--out", default=os.path.join(ROOT, "build", "model"))
    options = parser.parse_args()
    runs = [run for run in WHOLE + GUARDS if not options.names or run.name in options.names]
    begin, failed = time.monotonic(), 0
    if options.tap:
        print(f"TAP version 13\n1..{len(runs)}")
    with ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        outcomes = pool.map(lambda run: check(run, options.out), runs)
        for number, (run, outcome) in enumerate(zip(runs, outcomes), 1):
            failed += bool(outcome.complaint)
            if options.tap:
                print(f"# {line(run, outcome)}")
                kind = f"guard {run.name}, {run.breaks}: {run.sentence}" if run.breaks else \
                    f"model {run.name}: {run.sentence}"
                print(f"{'not ok' if outcome.complaint else 'ok'} {number} - {kind}", flush=True)
            else:
                print(f"{'FAILED ' if outcome.complaint else ''}{line(run, outcome)}", flush=True)
    if options.tap:
        print(f"{len(runs) - failed} passed, {failed} failed")
    else:
        print(f"{len(runs) - failed} of {len(runs)} as they must be, "
              f"in {time.monotonic() - begin:.0f} seconds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
