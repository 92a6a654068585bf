#!/usr/bin/env python3
"""Shows in Bochs how an interrupt is lost when its frame is pushed onto a hole, and what is left of
it: its in-service bit, set for good.

Two kernels run the same test, EVT0002, to the same moment. The stack pointer is at the edge of a
page, and the stack has a hole below it. An interrupt that the processor sent to itself is about to
arrive. The first kernel, VARIANT=lost, takes interrupts on the stack in use. The second kernel is
correct. Bochs's debugger reads the registers, memory, gates and the local APIC's bits. The walk
uses no output of the kernel.
"""

import argparse
import os
import sys

from stalactite import facts as kernel_facts
from stalactite.bochs import BochsError, BochsMemory, Debugger, Names
from stalactite.walkthrough import ROOT, TEMPLATE, View, main

SWEEP = "event_sweep_interrupt"
ROUNDS_MOST = 64
STEPS_MOST = 64
INSTRUCTIONS_MOST = 20000


class Moment:
    """The machine right before the interrupt, with the data to judge it later."""

    def __init__(self, view):
        self.view = view
        registers = view.debugger.registers()
        self.edge = registers["rdi"]  # where the test will put RSP
        self.count_at = registers["rsi"]
        self.back = view.memory.word(registers["rsp"])
        self.vector = view.facts.constant("VECTOR_TEST")

    def arrived(self):
        """Returns how many interrupts the handler has counted in this round."""
        return int.from_bytes(self.view.memory.read(self.count_at, 4), "little")

    def bit(self, kind):
        """Returns the vector's bit in the APIC's request (irr) or in-service (isr) register."""
        word = self.view.debugger.parameter(f"local_apic.{kind}{self.vector // 32}")
        return word >> self.vector % 32 & 1

    def leaf(self):
        """Returns the leaf entry of the page below the edge."""
        return self.view.leaf(self.edge - 8)


def approach(debugger, names, facts):
    """Runs to the round of the sweep in which RSP lies exactly on the page's edge."""
    for _ in range(ROUNDS_MOST):
        debugger.go_to(names.address(SWEEP))
        if debugger.registers()["rdi"] % facts.constant("PAGE_BYTES") == 0:
            return
    raise BochsError(f"RSP was not put on a page's edge in {ROUNDS_MOST} rounds of {SWEEP}")


def bits(moment):
    """Returns the two bits in words."""
    requested, in_service = moment.bit("irr"), moment.bit("isr")
    return f"requested {requested}, in service {in_service}"


def tell_before(tell, view, moment, word):
    """Prints the state before the interrupt."""
    tell.say(f"RSP will be {moment.edge:#x}, the edge of a page. The page below it (page"
             f" {moment.edge - 8:#x}):")
    tell.show(*view.walk_lines(moment.edge - 8))
    tell.say(f"Not present: {moment.leaf().state} of slot {moment.leaf().owner}. Interrupts are"
             f" off, and the processor has sent interrupt {moment.vector:#x} to itself. The local"
             f" APIC (show \"cpu0.local_apic\"; irr{moment.vector // 32} and"
             f" isr{moment.vector // 32}, bit {moment.vector % 32}) says: {bits(moment)}.")
    _, ist, at = view.gate(moment.vector)
    where = "no stack of its own: interrupts come in on the stack in use" if ist == 0 else \
        f"pointer {ist} of the task state, {view.task_ist(ist)[1]:#x}, a stack always backed"
    tell.say(f"The gate of {moment.vector:#x} (x /4wx {at:#x}) has IST {ist}: {where}.")
    tell.fact(f"{word}_vector", hex(moment.vector))
    tell.fact(f"{word}_rsp", hex(moment.edge))
    tell.fact(f"{word}_gate_ist", ist)
    tell.fact(f"{word}_page_fault_ist", view.gate(view.facts.constant("VECTOR_PAGE_FAULT"))[1])
    tell.fact(f"{word}_present_before", moment.leaf().entry & view.facts.constant("PAGE_PRESENT"))
    tell.fact(f"{word}_requested_before", moment.bit("irr"))
    tell.fact(f"{word}_in_service_before", moment.bit("isr"))


def deliver(view, moment):
    """Steps until the processor is in the entry code. Returns where it was interrupted."""
    start, name = view.names.function(view.debugger.rip())
    here = start
    for _ in range(STEPS_MOST):
        following, _ = view.debugger.step()
        if view.names.function(following)[1] != name:
            return here, following
        here = following
    raise BochsError(f"interrupt {moment.vector:#x} did not come in {STEPS_MOST} instructions")


def leave_handler(view):
    """Steps to the end of the handler, the IRETQ that returns."""
    text = view.debugger.instruction()[0]
    for number in range(1, INSTRUCTIONS_MOST):
        address, following = view.debugger.step()
        if text.startswith("iret"):
            return number, address
        text = following
    raise BochsError(f"no IRETQ in {INSTRUCTIONS_MOST} instructions")


def tell_event(tell, view, moment, word):
    """Prints what the processor does at the interrupt, and what the handler sees."""
    _, entered = deliver(view, moment)
    registers = view.debugger.registers()
    pushed = [int.from_bytes(view.memory.read(registers["rsp"] + 8 * i, 8), "little")
              for i in range(2)]
    stack = view.processors.entry_stack_of(registers["rsp"])
    fault = entered == view.gate(view.facts.constant("VECTOR_PAGE_FAULT"))[0]
    tell.fact(f"{word}_entered", view.names.function(entered)[1])
    tell.fact(f"{word}_page_fault", fault)
    tell.fact(f"{word}_entry_stack", stack[2] if stack else "none")
    if fault:
        address = view.debugger.parameter("CR2")
        tell.say(f"A few steps (s), over STI, and RIP is in {view.names.place(entered)}: this is no"
                 f" interrupt's entry, it is a page fault's. CR2 is {address:#x},"
                 f" {moment.edge - address} bytes below the edge: the processor was pushing the"
                 f" interrupt's frame. The {stack[2]} entry stack holds this (x /4wx"
                 f" {registers['rsp']:#x}):")
        tell.show(f"error  {pushed[0]:#018x}  not present, a write",
                  f"RIP    {pushed[1]:#018x}  {view.names.place(pushed[1])}: touches no stack")
        tell.say("That is all that is left. Nothing in the frame says that an interrupt was on its"
                 f" way. But the APIC has handed it over already: {bits(moment)}.")
        tell.fact(f"{word}_cr2", hex(address))
        tell.fact(f"{word}_error_code", pushed[0])
        tell.fact(f"{word}_interrupted", view.names.function(pushed[1])[1])
    else:
        tell.say(f"A few steps (s), over STI, and RIP is in {view.names.place(entered)}, RSP"
                 f" {registers['rsp']:#x} on the {stack[2] if stack else 'thread'} entry stack. The"
                 f" APIC: {bits(moment)}, as it must be while the handler runs.")
    tell.fact(f"{word}_requested_during", moment.bit("irr"))
    tell.fact(f"{word}_in_service_during", moment.bit("isr"))


def tell_after(tell, view, moment, word):
    """Prints the state after the handler and at the end of the round."""
    count, address = leave_handler(view)
    present = moment.leaf().entry & view.facts.constant("PAGE_PRESENT")
    tell.say(f"{count} instructions later IRETQ leads back to {view.names.place(address)}. The page"
             f" below the edge is {'there now' if present else 'still a hole: nobody touched it'}.")
    view.debugger.go_to(moment.back)
    arrived, in_service = moment.arrived(), moment.bit("isr")
    tell.say(f"The test waits a while for its interrupt, then gives up or is content. Its handler"
             f" (x /1wx {moment.count_at:#x}) has run {arrived} time{'' if arrived == 1 else 's'};"
             f" the APIC: {bits(moment)}.")
    tell.fact(f"{word}_present_after", present)
    tell.fact(f"{word}_arrived", arrived)
    tell.fact(f"{word}_in_service_after", in_service)
    tell.fact(f"{word}_requested_after", moment.bit("irr"))
    return arrived, in_service


def one_kernel(tell, options, word):
    """Runs one kernel to the interrupt and to the end of the round."""
    kernel = getattr(options, f"{word}_kernel")
    facts, names = kernel_facts.load(kernel), Names(kernel)
    with Debugger(getattr(options, f"{word}_iso"), TEMPLATE, options.bochs) as debugger:
        tell.debugger = debugger
        approach(debugger, names, facts)
        view = View(BochsMemory(facts, debugger), names)
        moment = Moment(view)
        wrong = word == "lost"
        tell.stage("The kernel that is wrong on purpose: before the interrupt" if wrong else
                   "The same moment in the kernel as it should be")
        tell_before(tell, view, moment, word)
        if wrong:
            tell.stage("The interrupt comes, and is lost")
        tell_event(tell, view, moment, word)
        if wrong:
            tell.stage("What is left of it")
        arrived, in_service = tell_after(tell, view, moment, word)
        if wrong and in_service and not arrived:
            tell.say("The interrupt is gone, and its in-service bit is stuck: only the handler"
                     " would have told the APIC that it is done. Until somebody writes EOI, no"
                     f" interrupt of class {moment.vector >> 4:#x} or below will be delivered on"
                     f" this processor: neither {moment.vector:#x} again nor the timer"
                     f" ({facts.constant('VECTOR_TIMER'):#x}).")
        elif not wrong and arrived and not in_service:
            tell.say("One interrupt sent, one counted, nothing left in service. The hole at RSP"
                     " made no difference, because the frame was never pushed there.")
        tell.pause()


def walk(options, tell):
    """Runs both kernels, then prints the facts."""
    print("Bochs boots two kernels to the same moment, one after the other: one that takes"
          " interrupts on the\nstack in use (VARIANT=lost), and the one as it should be.",
          flush=True)
    one_kernel(tell, options, "lost")
    one_kernel(tell, options, "sound")
    tell.tell_facts()
    return 0


if __name__ == "__main__":
    PARSER = argparse.ArgumentParser()
    for NAME, VARIANT in (("lost", "lost"), ("sound", "release")):
        PARSER.add_argument(f"--{NAME}-iso", default=os.path.join(ROOT, "build", "bochs",
                                                                  f"{NAME}.iso"))
        PARSER.add_argument(f"--{NAME}-kernel", default=os.path.join(ROOT, "build", VARIANT,
                                                                     "kernel.elf"))
    sys.exit(main(__doc__.split("\n\n", maxsplit=1)[0], walk, PARSER))
