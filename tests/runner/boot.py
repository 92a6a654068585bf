"""Boots one row, follows its output to the end, and has the result judged."""

import time

from .bochs import Bochs
from .judge import Transcript, judge
from .machine import MachineError
from .qemu import Qemu
from .result import FAILED, Group

POLL_SECONDS = 0.5
# Times after a hang: the wait for answers to the NMI, the silence that ends the answers, and the
# time that a machine may still run after its last output.
NMI_SECONDS = 60
NMI_SILENCE_SECONDS = 10
SETTLE_SECONDS = 120


def make_machine(row, paths):
    """Returns the emulator that the row needs, not yet started."""
    return (Bochs if row.emulator == "bochs" else Qemu)(row, paths)


def run(row, machine, wanted_ids=(), exemptions=(), ci=False, watch=None,
        bounds=None):
    """Boots a row to its end and judges it. Calls `watch(reader)` as output arrives."""
    try:
        transcript = follow(row, machine, watch)
    except MachineError as error:
        group = Group(row.name)
        group.add("machine", FAILED, str(error))
        return group
    return judge(row, transcript, wanted_ids, exemptions, ci, bounds)


def follow(row, machine, watch=None):
    """Boots a row to its end and returns its Transcript. Raises MachineError if the emulator
    cannot be started."""
    try:
        machine.start()
        return _follow(row, machine, time.monotonic(), watch)
    finally:
        machine.stop()


def _follow(row, machine, begin, watch):
    transcript = Transcript(machine.reader)
    reader = machine.reader
    heard = begin
    suite_begin = suite_end = ended = None
    while True:
        fresh = machine.pump(POLL_SECONDS)
        now = time.monotonic()
        if fresh is None:
            break
        if fresh:
            heard = now
            if watch:
                watch(reader)
        if reader.header_seen and suite_begin is None:
            suite_begin = now
        if reader.terminated and suite_end is None:
            suite_end = now
        if ended is None and (reader.terminated or reader.panic is not None):
            ended = now
        reason = _hang(row, now - begin, now - heard, ended and now - ended)
        if reason:
            transcript.hang = reason
            transcript.nmi_lines = _ask(machine)
            break
    if not transcript.hang:
        transcript.status = machine.finish()
        transcript.triple_fault = machine.triple_fault()
        transcript.ended_itself = machine.ended_itself()
        if transcript.status not in (33, 35, 37):
            transcript.emulator_words = machine.emulator_words()
    reader.finish()
    transcript.seconds = time.monotonic() - begin
    if suite_begin is not None:
        transcript.suite_seconds = (suite_end or time.monotonic()) - suite_begin
    return transcript


def _hang(row, since_start, since_output, since_end):
    if since_start > row.limit_seconds:
        return f"hang: not over after {row.limit_seconds} s"
    if since_output > row.silence_seconds:
        return f"hang: not a byte for {row.silence_seconds} s"
    if since_end and since_end > SETTLE_SECONDS:
        return f"hang: the output ended, the machine is still there {SETTLE_SECONDS} s later"
    return ""


def _ask(machine):
    """Sends an NMI and returns the lines that follow it."""
    before = len(machine.reader.lines)
    if machine.interrogate():
        heard = asked = time.monotonic()
        while (fresh := machine.pump(POLL_SECONDS)) is not None:
            now = time.monotonic()
            heard = now if fresh else heard
            if now - asked > NMI_SECONDS or now - heard > NMI_SILENCE_SECONDS:
                break
    return machine.reader.lines[before:]
