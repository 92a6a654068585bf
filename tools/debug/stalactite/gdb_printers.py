"""Makes gdb print the kernel's main structures as a sentence and the important fields. `p/r` shows
them raw."""

import gdb  # pylint: disable=import-error  # gdb's own
import gdb.printing  # pylint: disable=import-error

from .facts import FactsError
from .gdb_memory import GdbMemory, facts, place
from .memory import MemoryFault
from .stacks import Stacks

NODES_MOST = 100000


def entry_in_words(entry):
    """Returns the meaning of a leaf entry of the stack object, in words."""
    page = Stacks(GdbMemory(facts())).decode(0, int(entry))
    if page.frame is not None:
        return f"backed by frame {page.frame:#x}"
    return "nothing" if not page.entry else f"{page.state} of slot {page.owner}"


class Printer:
    """Base: `shown` names the fields that are printed below the sentence, `hexadecimal` those of
    them that are no counts."""

    shown = hexadecimal = ()

    def __init__(self, value):
        self.value = value

    def to_string(self):
        """Returns the text that gdb prints first."""
        try:
            return self.sentence()
        except (FactsError, MemoryFault, gdb.error) as error:
            return f"({error})"

    def sentence(self):
        """Returns the structure in a sentence."""
        raise NotImplementedError

    def children(self):
        """Returns the fields below the sentence."""
        names = {field.name for field in self.value.type.fields()}
        return ((name, self.in_hex(self.value[name]) if name in self.hexadecimal
                 else self.value[name]) for name in self.shown if name in names)

    @staticmethod
    def in_hex(value):
        """Returns a word, or an array of them, as gdb shows addresses."""
        address = gdb.lookup_type("void").pointer()
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
            array = address.array(value.type.range()[1])
            return value.address.cast(array.pointer()).dereference()
        return value.cast(address)


class ThreadPrinter(Printer):
    """struct thread"""

    shown = ("saved_rsp", "priority", "affinity", "mutexes_held", "wait", "entry", "argument")
    hexadecimal = ("saved_rsp", "affinity")

    def sentence(self):
        state = facts().word("thread_state", int(self.value["state"]), "THREAD_")
        return (f"thread {int(self.value['id'])} ({self.value['name'].string()}), {state}, CPU"
                f" {int(self.value['cpu'])}, slot {int(self.value['slot'])}")


class ListPrinter(Printer):
    """struct list"""

    def sentence(self):
        head = self.value["head"].address
        if head is None:
            return "list"
        node, count = self.value["head"]["next"], 0
        while int(node) not in (0, int(head)) and count < NODES_MOST:
            node, count = node["next"], count + 1
        return f"list of {count} node{'' if count == 1 else 's'}" if int(node) else "no list yet"


class MagazinePrinter(Printer):
    """struct magazine"""

    shown = ("taken", "charged", "capacity", "low_water", "refills", "refill_failures", "faults",
             "rounds")
    hexadecimal = ("rounds",)

    def sentence(self):
        taken, capacity = int(self.value["taken"]), int(self.value["capacity"])
        return f"magazine with {capacity - taken} of {capacity} rounds"


class StackUsePrinter(Printer):
    """struct stack_use: leaf entries, as faults compare them"""

    def sentence(self):
        current, following = self.value["current_hole"], self.value["next_hole"]
        if not int(current):
            return "no stack in use yet"
        if int(current) == int(following):
            return f"serves each {entry_in_words(current)}"
        return (f"in the middle of a switch: serves each {entry_in_words(current)} and each"
                f" {entry_in_words(following)}")


class TrapFramePrinter(Printer):
    """struct trap_frame"""

    shown = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12",
             "r13", "r14", "r15", "cs", "rflags")
    hexadecimal = shown

    def sentence(self):
        names = gdb.parse_and_eval("vector_names")
        vector = int(self.value["vector"]) & 0xff  # a bit above says that the frame is short
        known = vector <= names.type.range()[1]
        name = names[vector].string() if known else f"vector {vector:#x}"
        mode = "user mode" if int(self.value["cs"]) & 3 else "the kernel"
        return (f"{name} (error code {int(self.value['error']):#x}) in {mode} at"
                f" {place(int(self.value['rip']))}, rsp {int(self.value['rsp']):#x}")


class SpinlockPrinter(Printer):
    """struct spinlock"""

    def sentence(self):
        name = self.value["name"].string() if int(self.value["name"]) else ""
        drawn = (int(self.value["next"]) - int(self.value["serving"])) % (1 << 32)
        waiting = f", {drawn - 1} wait" if drawn > 1 else ""
        return f"spinlock '{name}', {f'held{waiting}' if drawn else 'free'}"


class FramePrinter(Printer):
    """struct frame: the record of a frame of memory"""

    def sentence(self):
        states, owners = gdb.lookup_type("enum frame_state"), gdb.lookup_type("enum frame_owner")
        words = {field.enumval: field.name.removeprefix("FRAME_").lower().replace("_", " ")
                 for field in states.fields()}
        owner = {field.enumval: field.name.removeprefix("FRAME_OWNER_").lower().replace("_", " ")
                 for field in owners.fields()}
        state = words.get(int(self.value["state"]), "unknown state")
        text = f"frame record: {state}, order {int(self.value['order'])}"
        if state == "allocated":
            text += f", owner {owner.get(int(self.value['owner']), 'unknown')}"
        return text


class EntryFunction(gdb.Function):
    """$st_entry(ENTRY): the meaning of a leaf entry of the stack object, in words."""

    def __init__(self):
        super().__init__("st_entry")

    def invoke(self, entry):  # pylint: disable=arguments-differ
        """Called by gdb."""
        return entry_in_words(int(entry) % (1 << 64))


def register_printers(objfile):
    """Registers the printers for one kernel's file or, with None, for all."""
    collection = gdb.printing.RegexpCollectionPrettyPrinter("stalactite")
    for name, printer in (("thread", ThreadPrinter), ("list", ListPrinter),
                          ("magazine", MagazinePrinter), ("stack_use", StackUsePrinter),
                          ("trap_frame", TrapFramePrinter), ("spinlock", SpinlockPrinter),
                          ("frame", FramePrinter)):
        collection.add_printer(name, f"^{name}$", printer)
    gdb.printing.register_pretty_printer(objfile, collection, replace=True)
    EntryFunction()
