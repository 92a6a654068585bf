#!/usr/bin/env python3
"""Follows a page fault of a user program to its pager and back, in Bochs: from ring 3 to the entry
stack, to the thread's own stack, to the pager, which is a program as well, and back to the
instruction.

Bochs's debugger reads all data of the walk. Two machines boot, side by side: the first finds out
which fault of user mode is the first one that a pager is asked about, and the second one stops
right before the instruction.

With --fred the machine's events enter by FRED. From ring 3 they begin on the thread's own stack then,
so there is no entry stack on the way.
"""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from stalactite import facts as kernel_facts
from stalactite.bochs import BochsError, BochsMemory, Debugger, Names
from stalactite.events import Events
from stalactite.walkthrough import ROOT, TEMPLATE, View, main

LEAD_TICKS = 600  # more than lie between the instruction and user_page_fault()
FAULTS_MOST = 5000
PAGE_FAULT = "VECTOR_PAGE_FAULT"
START = "program_run"
FAULT = "user_page_fault"  # the first C function on the thread's own stack
ASK = "pager_ask"
ANSWER = "call_ipc_reply_receive"
ENTER = "user_tables_enter"
RIGHTS = {0x10: "read", 0x20: "write", 0x40: "execute"}


class Fault:
    """The result of the first boot."""

    def __init__(self, tick, frame):
        self.tick, self.rip, self.address = tick, frame.rip, frame.get("address")


def rights_words(rights):
    """Returns rights of lib/abi.h in words."""
    return " and ".join(word for bit, word in RIGHTS.items() if rights & bit) or "none"


def rehearse(debugger, memory, names):
    """Finds the first fault of user mode that is followed by a question to a pager."""
    fault, ask = names.address(FAULT), names.address(ASK)
    last = None
    debugger.go_to(names.address(START))
    for _ in range(FAULTS_MOST):
        if debugger.go_to(fault, ask) == ask:
            break
        frame = memory.structure("trap_frame", debugger.registers()["rdi"])
        last = Fault(debugger.ticks(), frame) if frame.cs & 3 else None
        debugger.step()
    if last is None:
        raise BochsError("no pager was asked about a fault of user mode")
    return last


def approach(debugger, fault):
    """Stops right before the instruction that faults."""
    debugger.go_to_tick(fault.tick - LEAD_TICKS)
    for _ in range(LEAD_TICKS):
        if debugger.rip() == fault.rip:
            return
        debugger.step()
    raise BochsError(f"the instruction at {fault.rip:#x} did not come a second time: do two runs of"
                     " this Bochs differ?")


def present(view, address):
    """Returns whether the leaf entry of an address is present, and its value; 0 without tables."""
    step = view.memory.walk(address).steps[-1]
    return step.entry & view.facts.constant("PAGE_PRESENT"), step.entry


def rsp0_of(view):
    """Returns where the processor begins on an event from ring 3."""
    if view.fred:
        return view.debugger.parameter("FRED.ia32_fred_rsp0")
    return view.memory.structure("task_state", view.debugger.parameter("TR.base")).rsp[0]


def tell_before(tell, view, fault):
    """Stage 1: the instruction, in ring 3, and the state before it."""
    debugger, thread = view.debugger, view.thread()
    registers, (text, length) = debugger.registers(), debugger.instruction()
    _, bottom, top = view.stacks.range_of(thread.slot)
    rsp0 = rsp0_of(view)
    here, entry = present(view, fault.address)
    tell.stage("A program is about to touch a page that nobody gave it yet")
    tell.say(f"Thread {thread.id}, of the program {thread.name}, is in ring 3 (sreg: cs). The next"
             " instruction is")
    tell.show(f"{fault.rip:#x}  {text}")
    tell.say(f"It touches {fault.address:#x}, in a region that has a pager. RSP is"
             f" {registers['rsp']:#x}, the program's own stack. CR3 is {view.memory.cr3():#x}, the"
             f" program's page tables. The walk of that address (try: page {fault.address:#x}):")
    tell.show(*view.walk_lines(fault.address))
    tell.say(f"The thread has a kernel stack, slot {thread.slot}: [{bottom:#x}, {top:#x}). Nothing"
             f" lies on it now. RSP0, in {'an MSR' if view.fred else 'the task state'}, is {rsp0:#x},"
             f" {f'{top - rsp0} bytes below' if top > rsp0 else 'which is'} its top: there the frame of"
             " an entry from ring 3 ends.")
    tell.fact("client", thread.name)
    tell.fact("client_thread", thread.id)
    tell.fact("client_cr3", hex(view.memory.cr3()))
    tell.fact("instruction", hex(fault.rip))
    tell.fact("touched", hex(fault.address))
    tell.fact("user_rsp", hex(registers["rsp"]))
    tell.fact("stack_bottom", hex(bottom))
    tell.fact("stack_top", hex(top))
    tell.fact("rsp0", hex(rsp0))
    tell.fact("present_before", here)
    tell.fact("entry_before", hex(entry))
    return thread, length


def words_at(view, address, count):
    """Returns words of 8 bytes."""
    return [int.from_bytes(view.memory.read(address + 8 * i, 8), "little") for i in range(count)]


def show_pushed(tell, error, rip, cs, rsp):
    """Shows the words of a frame that the two ways in have in common."""
    tell.show(f"RSP    {rsp:#018x}  the program's", f"CS     {cs:#018x}  ring {cs & 3}",
              f"RIP    {rip:#018x}  the instruction, to be done again",
              f"error  {error:#018x}  {'present' if error & 1 else 'not present'},"
              f" a {'write' if error & 2 else 'read'}, in {'user' if error & 4 else 'kernel'} mode")
    tell.fact("pushed_ring", cs & 3)
    tell.fact("pushed_rip", hex(rip))
    tell.fact("pushed_rsp", hex(rsp))
    tell.fact("error_code", error & 0xffff)


def tell_delivery(tell, view, fault):
    """Stage 2: one step, and the processor is in ring 0, on the entry stack."""
    target, ist, _ = view.gate(view.facts.constant(PAGE_FAULT))
    _, top = view.task_ist(ist)
    view.debugger.step()
    registers, cr2 = view.debugger.registers(), view.debugger.parameter("CR2")
    if registers["rip"] != target:
        raise BochsError(f"the instruction did not fault: RIP is {registers['rip']:#x}")
    error, rip, cs, _, rsp, _ = words_at(view, registers["rsp"], 6)
    stack = view.processors.entry_stack_of(top - 1)
    tell.stage("The processor raises #PF: from ring 3 to the entry stack")
    tell.say(f"One step (s), and RIP is {registers['rip']:#x}, {view.names.place(target)}. The gate"
             f" has IST {ist}, so the processor did not take RSP0 but the {stack[2]} entry stack: it"
             " cannot know that this is no stack fault. CR2 holds"
             f" {cr2:#x}. It pushed (x /12wx {registers['rsp']:#x}):")
    show_pushed(tell, error, rip, cs, rsp)
    tell.fact("cr2", hex(cr2))
    tell.fact("gate_ist", ist)
    tell.fact("entry_stack_top", hex(top))
    tell.fact("entry_rsp", hex(registers["rsp"]))


def tell_delivery_fred(tell, view, fault):
    """Stage 2 by FRED: one step, and the processor is in ring 0, on the thread's own stack."""
    rsp0, target = rsp0_of(view), view.debugger.parameter("FRED.ia32_fred_cfg") & ~0xfff
    view.debugger.step()
    registers = view.debugger.registers()
    if registers["rip"] != target:
        raise BochsError(f"the instruction did not fault: RIP is {registers['rip']:#x}")
    error, rip, cs, _, rsp, ss, data, _ = words_at(view, registers["rsp"], 8)
    level = view.debugger.parameter("FRED.ia32_fred_cfg") & 3
    tell.stage("The processor raises #PF: from ring 3 to the thread's own stack")
    tell.say(f"One step (s), and RIP is {registers['rip']:#x}, {view.names.place(target)}: the page that"
             " IA32_FRED_CONFIG names, where every event from ring 3 enters. The stack level is"
             f" {level}: an event from ring 3 does not look at the level of its vector, for it cannot"
             " be a stack fault, as nothing ran on a kernel stack. So RSP comes from RSP0, and no"
             " entry stack is on the way. The processor pushed 64 bytes"
             f" (x /16wx {registers['rsp']:#x}); the fault's address is in the frame, and CR2 is not"
             " read:")
    tell.show(f"data   {data:#018x}  the address",
              f"SS     {ss:#018x}  vector {ss >> 32 & 0xff}, type {ss >> 48 & 0xf}")
    show_pushed(tell, error, rip, cs, rsp)
    tell.fact("level", level)
    tell.fact("event_data", hex(data))
    tell.fact("pushed_vector", ss >> 32 & 0xff)
    tell.fact("entry_rsp", hex(registers["rsp"]))
    if data != fault.address:
        raise BochsError("it is another fault")


def tell_move(tell, view, top):
    """Stage 3: the frame lies on the thread's own stack."""
    debugger = view.debugger
    before = debugger.ticks()
    debugger.go_to(view.names.address(FAULT))
    registers = debugger.registers()
    frame = view.memory.structure("trap_frame", registers["rdi"])
    began = f"{debugger.ticks() - before} instructions later {FAULT}() begins (lb \"{FAULT}\")."
    if view.fred:
        tell.stage("The frame stays where it is")
        tell.say(began + " The entry code has pushed the registers below what the processor pushed, so"
                 f" the frame at {frame.address:#x} is complete. It lies at the top of the thread's"
                 " stack already, and the thread may wait there for whatever it takes.")
    else:
        tell.stage("From the entry stack to the thread's own stack")
        tell.say(began + " The entry code saw ring 3 in the saved CS, so it is no stack fault. This fault"
                 " may have to wait for something, and code on an entry stack must not wait. So the entry"
                 f" code made the frame at {frame.address:#x}, at the top of the thread's stack, from the"
                 f" words on the entry stack; RSP is {registers['rsp']:#x}. The entry stack is free for the"
                 " next fault.")
    tell.show(f"RIP    {frame.rip:#018x}", f"RSP    {frame.rsp:#018x}",
              f"from the top of the stack to RSP: {top - registers['rsp']} bytes")
    tell.fact("moved_frame", hex(frame.address))
    tell.fact("moved_rip", hex(frame.rip))
    tell.fact("moved_rsp", hex(registers["rsp"]))


def tell_question(tell, view, top):
    """Stage 4: the kernel asks the pager."""
    view.debugger.go_to(view.names.address(ASK))
    registers, thread = view.debugger.registers(), view.thread()
    question = view.memory.structure("space_page_question", registers["rsi"])
    tell.stage("The question")
    tell.say("Interrupts are on again. address_space_fault() found the region, and that its pages come"
             f" from a pager; it released its locks. {ASK}() gets the question (x /10gx"
             f" {registers['rsi']:#x}):")
    tell.show(f"address {question.get('address'):#x}", f"region  {question.start:#x}",
              f"offset  {question.get('offset'):#x} in the memory object")
    tell.say(f"It becomes a message, which the thread sends by a call of IPC as any other, and waits."
             f" {top - registers['rsp']} bytes of its stack are in use here, and it will go deeper"
             " before it sleeps: this stack may grow by stack faults in the middle of the page fault.")
    tell.fact("asked_by", thread.id)
    tell.fact("asked_address", hex(question.get("address")))
    tell.fact("asked_region", hex(question.start))
    tell.fact("asked_offset", hex(question.get("offset")))
    return question


def go_to_in(view, name, wanted, what):
    """Runs until a function begins in a thread that `wanted` accepts."""
    for _ in range(FAULTS_MOST):
        view.debugger.go_to(view.names.address(name))
        thread = view.thread()
        if wanted(thread):
            return thread
        view.debugger.step()
    raise BochsError(f"{what} never came to {name}()")


def tell_answer(tell, view, client):
    """Stage 5: the pager, another program, answers."""
    thread = go_to_in(view, ANSWER, lambda thread: thread.id != client.id, "the pager")
    _, _, top = view.stacks.range_of(thread.slot)
    room = view.facts.structure("trap_frame")["size"] + 16
    frame = view.memory.structure("trap_frame", top - room)
    answer = {"verdict": frame.rdx, "offset": frame.r8, "bytes": frame.r9, "rights": frame.r10}
    tell.stage("The pager")
    tell.say(f"Another thread runs: {thread.id}, of the program {thread.name}; CR3 is"
             f" {view.memory.cr3():#x}. It has written the text of the page and makes the system call"
             f" that answers, {ANSWER[5:]}(). The words of the answer are in registers, which lie at"
             f" the top of its own kernel stack (x /40wx {frame.address:#x}):")
    tell.show(f"RDX  {answer['verdict']:#x}  it gives pages", f"R8   {answer['offset']:#x}  from"
              " this offset on", f"R9   {answer['bytes']:#x}  bytes",
              f"R10  {answer['rights']:#x}  to {rights_words(answer['rights'])}")
    tell.fact("pager", thread.name)
    tell.fact("pager_thread", thread.id)
    tell.fact("pager_cr3", hex(view.memory.cr3()))
    for name, value in answer.items():
        tell.fact(f"answer_{name}", hex(value))


def tell_enter(tell, view, client, fault):
    """Stage 6: the page is entered."""
    go_to_in(view, ENTER, lambda thread: thread.id == client.id, "the client")
    registers = view.debugger.registers()
    tell.stage("The page is entered")
    tell.say(f"Thread {client.id} is awake. The kernel checked the answer, looked the region up anew,"
             f" because it may be gone by now, and calls {ENTER}() for {registers['rsi']:#x} with the"
             f" entry {registers['rdx']:#018x}"
             f" ({' '.join(view.memory.entry_words(registers['rdx']))}).")
    tell.fact("entered_address", hex(registers["rsi"]))
    tell.fact("entered", hex(registers["rdx"]))
    tell.fact("entered_frame", hex(registers["rdx"] & view.facts.constant("PAGE_ADDRESS_MASK")))
    if registers["rsi"] != fault.address & ~0xfff:
        raise BochsError("it is another page")


def tell_after(tell, view, client, fault, length, began):
    """Stage 7: the instruction again."""
    for _ in range(FAULTS_MOST):
        view.debugger.go_to(fault.rip)
        if view.memory.cr3() == client.cr3:
            break
        view.debugger.step()
    took = view.debugger.ticks() - began
    registers = view.debugger.registers()
    here, entry = present(view, fault.address)
    tell.stage("Back in ring 3, at the same instruction")
    tell.say(f"The return goes through the frame at the top of the thread's stack. RIP is"
             f" {registers['rip']:#x} again and RSP {registers['rsp']:#x}. The walk now:")
    tell.show(*view.walk_lines(fault.address))
    following, _ = view.debugger.step()
    tell.say(f"One more step, and RIP is {following:#x}. The program knows of nothing. Between the"
             f" two there were {took} instructions, those of the pager among them.")
    tell.fact("present_after", here)
    tell.fact("entry_after", hex(entry))
    tell.fact("retry_rip", hex(registers["rip"]))
    tell.fact("retry_rsp", hex(registers["rsp"]))
    tell.fact("after_retry_rip", hex(following))
    tell.fact("retry_succeeded", following != view.gate(view.facts.constant(PAGE_FAULT))[0])
    tell.fact("instruction_bytes", length)
    tell.fact("ticks", took)


class Client:
    """The thread whose fault it is."""

    def __init__(self, thread, cr3):
        self.id, self.cr3 = thread.id, cr3


def walk(options, tell):
    """Runs the whole walk."""
    facts, names = kernel_facts.load(options.kernel), Names(options.kernel)
    print(f"Bochs boots {os.path.relpath(options.iso, os.getcwd())} twice: one finds the first fault"
          " of a program that a\npager is asked about, the other stops right before it.", flush=True)
    with Debugger(options.iso, TEMPLATE, options.bochs, options.fred) as debugger:
        with Debugger(options.iso, TEMPLATE, options.bochs, options.fred) as scout, \
                ThreadPoolExecutor(1) as pool:
            ready = pool.submit(debugger.go_to, names.address(START))
            fault = rehearse(scout, BochsMemory(facts, scout), names)
            ready.result()
        tell.debugger = debugger
        view = View(BochsMemory(facts, debugger), names)
        view.fred = Events(view.memory).by_fred()
        if view.fred != options.fred:
            raise BochsError("events do not enter by FRED: this Bochs refuses it, or the command line has no"
                             " entry=fred" if options.fred else "events enter by FRED: say --fred")
        approach(debugger, fault)
        began = debugger.ticks()
        thread, length = tell_before(tell, view, fault)
        client = Client(thread, view.memory.cr3())
        top = view.stacks.range_of(thread.slot)[2]
        (tell_delivery_fred if view.fred else tell_delivery)(tell, view, fault)
        tell_move(tell, view, top)
        tell_question(tell, view, top)
        tell_answer(tell, view, client)
        tell_enter(tell, view, client, fault)
        tell_after(tell, view, client, fault, length, began)
        tell.tell_facts()
    return 0


def arguments():
    """Returns the parser of this walk's own options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--iso", default=os.path.join(ROOT, "build", "bochs", "pager.iso"))
    parser.add_argument("--kernel", default=os.path.join(ROOT, "build", "release", "kernel.elf"))
    parser.add_argument("--fred", action="store_true", help="events enter by FRED, which this Bochs has")
    return parser


if __name__ == "__main__":
    sys.exit(main("Follows a page fault of a user program to its pager and back, in Bochs.", walk,
                  arguments()))
