#!/usr/bin/env python3
"""Walks through the first stack fault of the kernel's demonstration, instruction by instruction, in Bochs.

Bochs's debugger reads all data of the walk: registers, memory, page tables, and the bytes of the
gate and the task state. The walk uses no output of the kernel. Addresses of variables come from
the kernel's debugging information.

The walk boots two machines, side by side. The first finds the time and the instruction of the
fault. Bochs is exact to the instruction, so the second machine can stop right before it.
"""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from stalactite import facts as kernel_facts
from stalactite.bochs import BochsError, BochsMemory, Debugger, Names
from stalactite.walkthrough import ROOT, TEMPLATE, View, main

LEAD_TICKS = 100        # more than lie between the store and the handler's first C instruction
INSTRUCTIONS_MOST = 20000
PAGE_FAULT = "VECTOR_PAGE_FAULT"
DEMONSTRATION = "fault_trace_begin"
SHORT = "stack_fault_path"  # what serves a fault that nobody watches
HANDLER = "stack_fault"
OBSERVE = "fault_observe"  # calls the observer if there is one


class Fault:
    """The result of the first boot: when the handler begins, and the address of the store."""

    def __init__(self, tick, store, address):
        self.tick = tick
        self.store = store
        self.address = address


def rehearse(debugger, memory, names):
    """Finds the first stack fault of the demonstration."""
    debugger.go_to(names.address(DEMONSTRATION))
    debugger.go_to(names.address(HANDLER))
    frame = memory.structure("trap_frame", debugger.registers()["rdi"])
    return Fault(debugger.ticks(), frame.rip, debugger.parameter("CR2"))


def approach(debugger, fault):
    """Stops right before the store."""
    debugger.go_to_tick(fault.tick - LEAD_TICKS)
    for _ in range(LEAD_TICKS):
        if debugger.rip() == fault.store:
            return
        debugger.step()
    raise BochsError(f"the instruction at {fault.store:#x} did not come a second time: do two"
                     " runs of this Bochs differ?")


def tell_before(tell, view, fault):
    """Stage 1: the store, and the state before it."""
    registers, thread = view.debugger.registers(), view.thread()
    text, length = view.debugger.instruction()
    edge = min(page.address for page in view.stacks.pages(thread.slot) if page.state == "backed")
    leaf, own = view.leaf(fault.address), view.magazine()
    ist_at, ist = view.task_ist(view.gate(view.facts.constant(PAGE_FAULT))[1])
    _, bottom, top = view.stacks.range_of(thread.slot)
    tell.stage("A store is about to be executed")
    tell.say(f"Thread {thread.id} ({thread.name}) runs in {view.names.place(fault.store)}. The next"
             f" instruction is")
    tell.show(f"{fault.store:#x}  {text}")
    tell.say(f"Its stack is slot {thread.slot}: [{bottom:#x}, {top:#x}). RSP is"
             f" {registers['rsp']:#x}. Down to {edge:#x}, the page edge, the stack is backed; the"
             f" store goes to {fault.address:#x}, {edge - fault.address} bytes below the edge.")
    tell.say(f"The walk of that address (try: page {fault.address:#x}):")
    tell.show(*view.walk_lines(fault.address))
    tell.say(f"The last entry is not present, so the processor ignores its other bits. The kernel"
             f" does not: they say \"{leaf.state} of slot {leaf.owner}\".")
    tell.say(f"The magazine of CPU 0 has {own.capacity - own.taken} of {own.capacity} rounds left;"
             f" the next one is {own.rounds[own.taken]:#018x}, a finished leaf entry. The stack"
             f" that runs here misses {view.stacks.missing(thread.slot)} pages: so many the"
             " magazine must have, and the dispatch gate saw to it.")
    tell.fact("thread", thread.name)
    tell.fact("slot", thread.slot)
    tell.fact("instruction", hex(fault.store))
    tell.fact("function", view.names.function(fault.store)[1])
    tell.fact("rsp", hex(registers["rsp"]))
    tell.fact("page_edge", hex(edge))
    tell.fact("stack_bottom", hex(bottom))
    tell.fact("stack_top", hex(top))
    tell.fact("entry_before", hex(leaf.entry))
    tell.fact("present_before", leaf.entry & view.facts.constant("PAGE_PRESENT"))
    tell.fact("hole_owner", leaf.owner)
    tell.fact("missing_before", view.stacks.missing(thread.slot))
    tell.fact("rounds_before", own.capacity - own.taken)
    tell.fact("ist_pointer_before", hex(ist))
    return registers, length, own, ist_at


def tell_gate(tell, view):
    """Stage 2: the processor's next address, read from the tables before it goes there."""
    vector = view.facts.constant(PAGE_FAULT)
    target, ist, at = view.gate(vector)
    word_at, pointer = view.task_ist(ist)
    stack = view.processors.entry_stack_of(pointer - 1)
    words = [int.from_bytes(view.memory.read(at + 4 * i, 4), "little") for i in range(4)]
    tell.stage("Where a page fault goes")
    tell.say(f"The interrupt table (sreg: idtr) has the gate of vector {vector}, #PF, at {at:#x}"
             f" (x /4wx {at:#x}):")
    tell.show(" ".join(f"{word:#010x}" for word in words))
    tell.say(f"Put together, its offset is {target:#x}, {view.names.place(target)}; the low three"
             f" bits of its fifth byte, IST, are {ist}. Not 0: so the processor does not stay on"
             f" the stack in use, which is just what is missing, but loads RSP with pointer {ist}"
             f" of its task state (info tss: base; x /2wx {word_at:#x}): {pointer:#x}, the top of"
             f" the {stack[2]} entry stack of CPU {stack[0]}, which is always backed.")
    tell.fact("gate_target", hex(target))
    tell.fact("gate_ist", ist)
    tell.fact("entry_stack_top", hex(pointer))
    return target, pointer


def tell_delivery(tell, view, fault, target, top):
    """Stage 3: one step, and the processor's own actions in it."""
    before = view.debugger.ticks()
    view.debugger.step()
    registers, cr2 = view.debugger.registers(), view.debugger.parameter("CR2")
    if registers["rip"] != target:
        raise BochsError(f"the store did not fault: RIP is {registers['rip']:#x}")
    pushed = [int.from_bytes(view.memory.read(registers["rsp"] + 8 * i, 8), "little")
              for i in range(6)]
    error, rip, cs, rflags, rsp, ss = pushed
    tell.stage("The processor raises #PF")
    tell.say(f"One step (s), and RIP is {registers['rip']:#x}:"
             f" {view.names.place(registers['rip'])}. CR2 holds {cr2:#x} (creg). RSP is"
             f" {registers['rsp']:#x}: {top - registers['rsp']} bytes below the top of the entry"
             f" stack, for six words were pushed there (x /12wx {registers['rsp']:#x}):")
    for name, value, words in (
            ("SS", ss, ""), ("RSP", rsp, "of the thread, to the byte"),
            ("RFLAGS", rflags, f"interrupts {'on' if rflags >> 9 & 1 else 'off'}"),
            ("CS", cs, "the kernel's: ring 0"),
            ("RIP", rip, "of the store itself, not of what follows: it will be done again"),
            ("error", error, f"not present, a {'write' if error & 2 else 'read'}, in the kernel")):
        tell.show(f"{name:6} {value:#018x}  {words}".rstrip())
    tell.fact("cr2", hex(cr2))
    tell.fact("handler_rsp", hex(registers["rsp"]))
    tell.fact("pushed_rip", hex(rip))
    tell.fact("pushed_rsp", hex(rsp))
    tell.fact("error_code", error)
    tell.fact("delivery_ticks", view.debugger.ticks() - before)
    if cr2 != fault.address:
        raise BochsError(f"CR2 is {cr2:#x}; the last boot had {fault.address:#x}")


def parts_of(view):
    """Returns the parts of the handler, by the function that an instruction lies in."""
    begin, end = view.facts.address("entry_path_begin"), view.facts.address("entry_path_end")
    observer = view.memory.word(view.facts.address("stack_fault_observer"))
    recorders = {view.names.function(observer)[1], OBSERVE}
    short, short_end = (view.facts.address(name) for name in (SHORT, f"{SHORT}_end"))

    def part(address, filled):
        if begin <= address < end:
            return "returning" if filled else "saving"
        if short <= address < short_end:
            return "short"
        name = view.names.function(address)[1].split(".")[0]
        return "recording" if name in recorders else "handling"
    return part


def tell_handler(tell, view, fault, ist_at):
    """Stage 4: steps through the handler to its end."""
    part, counts = parts_of(view), {}
    address, text = view.rip_and_text()
    stored, lowered, writer = None, None, None
    begin = view.debugger.ticks()
    leaf_at = view.memory.walk(fault.address).leaf.at
    pointer = int.from_bytes(view.memory.read(ist_at, 8), "little")
    for number in range(1, INSTRUCTIONS_MOST):
        name = part(address, "handling" in counts)
        counts[name] = counts.get(name, 0) + 1
        here, words = address, text
        address, text = view.debugger.step()
        if lowered is None and words.startswith("sub"):
            now = int.from_bytes(view.memory.read(ist_at, 8), "little")
            lowered = now if now != pointer else None
        entry = int.from_bytes(view.memory.read_physical(leaf_at, 8), "little")
        if stored is None and entry & view.facts.constant("PAGE_PRESENT"):
            stored, writer = number, (here, words)
        if words.startswith("iret"):
            break
    else:
        raise BochsError(f"no IRETQ in {INSTRUCTIONS_MOST} instructions")
    total = sum(counts.values())
    if stored is None:
        raise BochsError("the handler returned, and the page is still missing")
    tell.stage("The handler")
    tell.say(f"Step by step to the end: {total} instructions from the stub to IRETQ.")
    for name, words in (
            ("short", f"in {SHORT}, which saves four registers and finds a hole of this stack, but"
             " also an observer: so C has to serve this one, where it would have filled the hole"
             + (f"; one of them lowers the pointer in the task state to {lowered:#x}, so that a page"
                " fault in here would not overwrite this frame" if lowered is not None else "")),
            ("saving", "to ask for ring 3, and to save the other registers and call the handler"),
            ("handling", f"in {HANDLER}: is it ours, how many pages, take them"),
            ("recording", "to tell an observer, only because the demonstration wants to show it"),
            ("returning", "to put everything back and return")):
        if counts.get(name):
            tell.show(*_wrapped(f"{counts[name]:4}  ", words))
    tell.say(f"The page appeared with instruction {stored}, at {view.names.place(writer[0])}:")
    tell.show(f"{writer[0]:#x}  {writer[1]}")
    tell.say("Nothing was allocated, locked or zeroed on the way: the word that it stored lay ready"
             " in the magazine.")
    tell.fact("instructions", total)
    for name in ("short", "saving", "handling", "recording", "returning"):
        tell.fact(f"instructions_{name}", counts.get(name, 0))
    tell.fact("handler_ticks", view.debugger.ticks() - begin)
    if lowered is not None:
        tell.fact("ist_pointer_lowered", hex(lowered))


def _wrapped(head, words):
    line, lines = head, []
    for word in words.split():
        if len(line) + len(word) > 88:
            lines.append(line.rstrip())
            line = " " * len(head)
        line += word + " "
    return [*lines, line.rstrip()]


def tell_after(tell, view, fault, registers, own):
    """Stage 5: the state after the return to the store."""
    now, after = view.debugger.registers(), view.magazine()
    if now["rip"] != fault.store:
        raise BochsError(f"the handler returned to {now['rip']:#x}, not to the store")
    leaf, thread = view.leaf(fault.address), view.thread()
    _, pointer = view.task_ist(view.gate(view.facts.constant(PAGE_FAULT))[1])
    taken = after.taken - own.taken
    tell.stage("Back at the store")
    tell.say(f"RIP is {now['rip']:#x} again and RSP {now['rsp']:#x}, as before the fault. The walk"
             " of the address now:")
    tell.show(*view.walk_lines(fault.address))
    frame = f"{leaf.frame:#x}" if leaf.frame is not None else "none"
    tell.say(f"The last entry is present: frame {frame}, round {own.taken} of the magazine, word"
             f" for word. {taken} round{'s' if taken != 1 else ''} of it went,"
             f" {after.capacity - after.taken} of {after.capacity} are left, and the stack misses"
             f" {view.stacks.missing(thread.slot)} pages: both shrank by the same number, so what"
             " was covered is covered. The pointer in the task state is as before.")
    tell.fact("entry_after", hex(leaf.entry))
    tell.fact("present_after", leaf.entry & view.facts.constant("PAGE_PRESENT"))
    tell.fact("round_taken", hex(own.rounds[own.taken]))
    tell.fact("frames_taken", taken)
    tell.fact("rounds_after", after.capacity - after.taken)
    tell.fact("missing_after", view.stacks.missing(thread.slot))
    tell.fact("ist_pointer_after", hex(pointer))
    tell.fact("retry_rip", hex(now["rip"]))
    tell.fact("registers_restored", all(now[name] == registers[name] for name in now
                                        if name != "rflags"))


def tell_retry(tell, view, fault, length):
    """Stage 6: the store again."""
    following, _ = view.debugger.step()
    value = view.memory.read(fault.address, 1)[0]
    tell.stage("The store is executed again")
    succeeded = following == fault.store + length
    tell.say(f"One step, and RIP is {following:#x}: {following - fault.store} bytes further, which"
             f" is the length of the store. It has succeeded: the byte at {fault.address:#x} is"
             f" {value:#x}. The thread knows of nothing."
             if succeeded else f"RIP is {following:#x}: the store did not succeed.")
    tell.fact("after_retry_rip", hex(following))
    tell.fact("retry_succeeded", succeeded)
    if not succeeded:
        raise BochsError("the store faulted again")


def walk(options, tell):
    """Runs the whole walk."""
    facts, names = kernel_facts.load(options.kernel), Names(options.kernel)
    print(f"Bochs boots {os.path.relpath(options.iso, os.getcwd())} twice: one finds the first"
          " stack fault of\nthe demonstration, the other stops right before it.", flush=True)
    with Debugger(options.iso, TEMPLATE, options.bochs) as debugger:
        with Debugger(options.iso, TEMPLATE, options.bochs) as scout, ThreadPoolExecutor(1) as pool:
            ready = pool.submit(debugger.go_to, names.address(DEMONSTRATION))
            fault = rehearse(scout, BochsMemory(facts, scout), names)
            ready.result()
        tell.debugger = debugger
        view = View(BochsMemory(facts, debugger), names)
        approach(debugger, fault)
        registers, length, own, ist_at = tell_before(tell, view, fault)
        target, top = tell_gate(tell, view)
        tell_delivery(tell, view, fault, target, top)
        tell_handler(tell, view, fault, ist_at)
        tell_after(tell, view, fault, registers, own)
        tell_retry(tell, view, fault, length)
        tell.tell_facts()
    return 0


if __name__ == "__main__":
    PARSER = argparse.ArgumentParser()
    PARSER.add_argument("--iso", default=os.path.join(ROOT, "build", "bochs", "fault.iso"))
    PARSER.add_argument("--kernel", default=os.path.join(ROOT, "build", "release", "kernel.elf"),
                        help="the kernel on that ISO, with its debugging information")
    sys.exit(main(__doc__.split("\n\n", maxsplit=1)[0], walk, PARSER))
