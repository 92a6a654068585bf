"""The parts that the scripted walks in Bochs share: the transcript with its stages, facts and
pauses, and the description of a page-table walk, a gate and a stack in words."""

import os
import sys
import textwrap

from .bochs import BochsError
from .memory import MemoryFault
from .stacks import Processors, Stacks
from .threads import Threads

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
TEMPLATE = os.path.join(os.path.dirname(HERE), "bochsrc.in")
WIDTH = 98


class Left(Exception):
    """The user ended the walk."""


class Transcript:
    """Prints the walk. With `step` it stops at the end of each stage, and sends typed lines to
    Bochs's debugger."""

    def __init__(self, step=False, out=None):
        self.step = step
        self.out = out or sys.stdout
        self.facts = {}
        self.debugger = None
        self._stage = 0

    def stage(self, title):
        """Ends the previous stage and begins a new one."""
        if self._stage:
            self.pause()
        self._stage += 1
        self._print(f"\n{self._stage}. {title}\n")

    def say(self, text):
        """Prints a paragraph."""
        self._print(textwrap.fill(" ".join(text.split()), WIDTH, initial_indent="   ",
                                  subsequent_indent="   ", break_long_words=False,
                                  break_on_hyphens=False))

    def show(self, *lines):
        """Prints lines unchanged."""
        for line in lines:
            self._print(f"       {line}")

    def fact(self, name, value):
        """Stores one fact for the list at the end. Numbers are stored as they are shown."""
        self.facts[name] = value

    def tell_facts(self):
        """Prints the final list of the debugger's facts, one fact in a line."""
        self.pause()
        self._print("\nWhat the debugger read, in a list:\n")
        for name, value in self.facts.items():
            self._print(f"   {name} = {value}")

    def pause(self):
        """Lets the user examine the machine, if `step` is set."""
        while self.step:
            self._print("")
            try:
                typed = input("[Enter goes on, q leaves, anything else is for Bochs' debugger] ")
            except EOFError as end:
                raise Left from end
            if typed.strip() == "q":
                raise Left
            if not typed.strip():
                return
            if typed.split()[0] in ("c", "cont", "continue", "s", "step", "p", "n", "next"):
                self._print("Not while the walk goes on: it would lose its place.")
                continue
            self._print(self.debugger.command(typed).rstrip())

    def _print(self, text):
        print(text, file=self.out, flush=True)


class View:
    """Describes the stopped machine in words."""

    def __init__(self, memory, names):
        self.memory = memory
        self.facts = memory.facts
        self.names = names
        self.debugger = memory.debugger
        self.stacks = Stacks(memory)
        self.processors = Processors(memory)

    def thread(self):
        """Returns the running thread."""
        return Threads(self.memory).at(self.processors.running(0))

    def rip_and_text(self):
        """Returns the address and the text of the next instruction."""
        return self.debugger.rip(), self.debugger.instruction()[0]

    def leaf(self, address):
        """Returns the leaf entry of an address, as a page of a stack."""
        return self.stacks.decode(address, self.memory.walk(address).leaf.entry)

    def walk_lines(self, address):
        """Returns a page-table walk, one line a level."""
        lines = []
        for step in self.memory.walk(address).steps:
            present = step.entry & self.facts.constant("PAGE_PRESENT")
            words = " ".join(self.memory.entry_words(step.entry)) if present else "NOT PRESENT"
            lines.append(f"L{step.level}[{step.index:3}]  at {step.at:#010x}  {step.entry:#018x}"
                         f"  {words}")
        return lines

    def gate(self, vector):
        """Returns (target, IST) of a gate of the IDT, from its bytes."""
        layout = self.facts.structure("idt_entry")
        base = self.debugger.parameter("IDTR.base")
        gate = self.memory.structure("idt_entry", base + vector * layout["size"])
        target = gate.offset_low | gate.offset_middle << 16 | gate.offset_high << 32
        return target, gate.ist, gate.address

    def task_ist(self, number):
        """Returns (address, value) of pointer `number` in the task state's stack table."""
        task = self.memory.structure("task_state", self.debugger.parameter("TR.base"))
        return task.address + task.offset("ist") + 8 * (number - 1), task.ist[number - 1]

    def magazine(self):
        """Returns this processor's magazine."""
        return self.processors.magazine(0)


def main(description, run, parser, arguments=None):
    """Parses the options that both walks have, runs one, and turns its errors into a sentence."""
    parser.description = description
    parser.add_argument("--step", action="store_true", help="stop at each stage; what is typed"
                        " there goes to Bochs' debugger")
    parser.add_argument("--bochs", default="bochs", help="the Bochs to take (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        return run(options, Transcript(options.step))
    except Left:
        return 0
    except (BochsError, MemoryFault) as error:
        print(f"\nThe walk cannot go on: {error}", file=sys.stderr)
        return 1
