"""The commands `st ...` in gdb. Each prints what it reads from the stopped machine. None changes
the machine, calls a function of the kernel, or brings a page in."""

import glob
import os

import gdb  # pylint: disable=import-error  # gdb's own

from .facts import FactsError
from .gdb_memory import (ProcessorSelected, function_start, machine, place, register,
                         selected_cpu)
from .memory import MemoryFault
from .stacks import Processors, Stacks, present_or_none
from .tasks import Tasks
from .threads import Backtrace, Threads, depth, interrupted_rsp

PICTURES = {"backed": "#", "hole": ".", "swapped": "s", "unmapping": "t", "standby": "t"}
RUN_SHORTENED = 8  # a run of this many equal pages without frames is one line


class Command(gdb.Command):
    """Base of the commands. It prints an error as a sentence, without a Python traceback."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):  # pylint: disable=arguments-differ
        """Called by gdb."""
        try:
            self.run(machine(), argument.strip())
        except (FactsError, MemoryFault) as error:
            raise gdb.GdbError(str(error)) from error

    def run(self, memory, argument):
        """Runs the command."""
        raise NotImplementedError


class Prefix(gdb.Command):
    """Stalactite's own commands: threads, stacks, magazines, page tables."""

    def __init__(self):
        super().__init__("st", gdb.COMMAND_DATA, prefix=True)


def thread_of(memory, argument):
    """Returns the thread with this id or name, or that of the selected processor."""
    threads = Threads(memory)
    if argument:
        thread = threads.find(argument)
        if thread is None:
            raise gdb.GdbError(f"There is no thread '{argument}'; `st threads` lists them.")
        return thread
    cpu = selected_cpu(memory)
    running = Processors(memory).running(cpu) if cpu is not None else 0
    if not running:
        raise gdb.GdbError("No thread runs on this processor yet; name one: `st threads`.")
    return threads.at(running)


def processor_of(memory, thread):
    """Returns the number of the processor that runs a thread, or None."""
    processors = Processors(memory)
    return next((cpu for cpu in range(processors.count())
                 if processors.running(cpu) == thread.address), None)


def context_of(memory, thread):
    """Returns a thread's (cpu or None, rip, rsp, rbp). A rip of 0 means not known yet."""
    cpu = processor_of(memory, thread)
    if cpu is None:
        return (None, *Threads(memory).saved(thread))
    with ProcessorSelected(memory, cpu):
        return cpu, register("rip"), register("rsp"), register("rbp")


class ThreadsCommand(Command):
    """List the threads: st threads

    Each line has the thread's id (with a * while a processor runs it), name, state, processor,
    priority, the slot of its stack, the pages that faults may fill, lowest first (# backed, . hole,
    s swapped out, t unmapped while it sleeps), the bytes of stack in use, and the place of its next
    instruction."""

    def run(self, memory, argument):
        stacks, threads = Stacks(memory), Threads(memory)
        print(f"{'id':>6} {'name':15} {'state':8} {'CPU':>3} {'prio':>4} {'slot':>6} {'stack':>6}"
              f" {'depth':>6}  at")
        for thread in threads.all():
            pages = stacks.pages(thread.slot, stacks.floor_of(thread.slot))
            picture = "".join(PICTURES.get(page.state, "?") for page in pages)
            context = present_or_none(context_of, memory, thread)
            deep = depth(memory, thread, interrupted_rsp(memory, context[2])) if context else None
            first = memory.facts.address("thread_trampoline")  # of a new thread; no call before it
            where = place(context[1], context[0] is None and context[1] != first) if context else ""
            runs = "*" if context and context[0] is not None else " "
            print(f"{runs}{thread.id:5} {thread.name:15} {threads.state(thread):8} {thread.cpu:3}"
                  f" {thread.priority:4} {thread.slot:6} {'[' + picture + ']':>6}"
                  f" {'-' if deep is None else deep:>6}  {where}")


class StackCommand(Command):
    """Show a stack page by page: st stack [THREAD]

    THREAD is an id or a name; without it, the thread that runs on the selected processor. Each line
    has a page of the slot: its address, state (backed, hole, guard, swapped) and frame, and a mark
    where the stack pointer is. The last lines have the present and the greatest depth."""

    def run(self, memory, argument):
        thread = thread_of(memory, argument)
        stacks, page_bytes = Stacks(memory), memory.facts.constant("PAGE_BYTES")
        start, bottom, end = stacks.range_of(thread.slot)
        floor = stacks.floor_of(thread.slot)
        context = present_or_none(context_of, memory, thread)
        rsp = interrupted_rsp(memory, context[2]) if context else None
        print(f"Thread {thread.id} ({thread.name}), {Threads(memory).state(thread)}"
              f"{f' on CPU {context[0]}' if context and context[0] is not None else ''};"
              f" slot {thread.slot}: guard from {start:#x}, stack [{bottom:#x}, {end:#x})")
        pages = stacks.pages(thread.slot)
        for run in runs_of(reversed(pages)):
            page, most = run[-1], f"  ({len(run)} pages)" if len(run) > 1 else ""
            what = f"frame {page.frame:#x}" if page.frame is not None else \
                f"of slot {page.owner}" if page.owner is not None else ""
            here = f"  <- RSP {rsp:#x}" if rsp is not None and \
                page.address <= rsp - (rsp == end) < page.address + page_bytes else ""
            edge = "  fault floor" if page.address == floor != bottom else ""
            print(f"  {page.address:#018x}  {page.state:8} {what:20}{here}{edge}{most}".rstrip())
        stack = Processors(memory).entry_stack_of(context[2]) if context else None
        if stack:
            print(f"CPU {context[0]} is on its {stack[2]} entry stack, RSP {context[2]:#x}; the RSP"
                  " above is the interrupted one.")
        self.depths(memory, thread, pages, rsp)

    @staticmethod
    def depths(memory, thread, pages, rsp):
        """Prints the present, the greatest and the possible depth."""
        stacks, facts = Stacks(memory), memory.facts
        _, bottom, end = stacks.range_of(thread.slot)
        backed = sum(1 for page in pages if page.address >= bottom and page.state == "backed")
        missing = stacks.missing(thread.slot)
        deep = depth(memory, thread, rsp) if rsp is not None else None
        print(f"{backed} of {(end - bottom) // facts.constant('PAGE_BYTES')} pages backed,"
              f" {missing} missing")
        if Threads(memory).is_swapped(thread):
            print(f"Swapped out: its {deep} live bytes lie at {thread.stack_saved:#x} and come back"
                  f" to {rsp:#x} before it runs")
        elif deep is not None:
            print(f"Depth now: {deep} bytes")
        elif rsp is not None:
            print(f"Depth now: not known, for RSP {rsp:#x} is on another stack")
        most = max(backed, thread.pages_most)
        deepest = stacks.deepest_byte(thread.slot)
        print(f"High-water: {most} page{'' if most == 1 else 's'}" + (
            f"; {deepest} bytes, written since the pages were zeroed, by this thread or an earlier"
            " owner" if deepest else ""))


def runs_of(pages):
    """Returns pages one by one. Many equal pages without frames form one list."""
    run = []
    for page in [*pages, None]:
        if run and (page is None or page.frame is not None or page.state != run[-1].state or
                    page.owner != run[-1].owner):
            yield from [run] if len(run) >= RUN_SHORTENED else ([one] for one in run)
            run = []
        if page is not None:
            run.append(page)


class MagazineCommand(Command):
    """Show magazines: st mag [CPU]

    Each line has a processor: the rounds that are left, the pages that the stacks in use there still
    miss (never more than the rounds, because of the gate), low water, refills, and faults by pages.
    With CPU, also the rounds themselves: the leaf entries that the next faults will store."""

    def run(self, memory, argument):
        processors = Processors(memory)
        if argument and not (argument.isdigit() and int(argument) < processors.count()):
            raise gdb.GdbError(f"There is no CPU '{argument}'; {processors.count()} run.")
        cpus = [int(argument)] if argument else range(processors.count())
        print(f"{'CPU':>3} {'rounds':>8} {'missing':>8} {'low-water':>9} {'refills':>8}"
              f" {'failures':>8} {'1-page':>7} {'2-page':>7} {'3-page faults':>13}")
        for cpu in cpus:
            own = processors.magazine(cpu)
            slots = {slot for slot in processors.slots_in_use(cpu) if slot is not None}
            missing = sum(Stacks(memory).missing(slot) for slot in slots)
            rounds = f"{own.capacity - own.taken} of {own.capacity}"
            print(f"{cpu:3} {rounds:>8} {missing:8} {own.low_water:9} {own.refills:8}"
                  f" {own.refill_failures:8}" + "".join(f" {n:{w}}" for n, w in
                                                        zip(own.faults[1:], (7, 7, 13))))
        if argument:
            self.rounds(memory, own, sorted(slots))

    @staticmethod
    def rounds(memory, own, slots):
        """Prints the rounds in the magazine."""
        print(f"It serves holes of slot {' and '.join(map(str, slots)) or 'none'}.")
        for index in range(own.capacity):
            entry = own.rounds[index]
            words = "taken" if index < own.taken else " ".join(memory.entry_words(entry))
            print(f"  round {index:2}  {entry:#018x}  {words}")


class PteCommand(Command):
    """Walk the page tables: st pte ADDRESS

    ADDRESS is any expression: a number, $rsp, &variable, a function. Each line has the entry of one
    level: its index and its meaning. Of a stack page it also shows the state in the leaf entry."""

    def run(self, memory, argument):
        if not argument:
            raise gdb.GdbError("Which address? st pte ADDRESS")
        address = int(gdb.parse_and_eval(f"(unsigned long)({argument})")) % (1 << 64)
        walk = memory.walk(address)
        print(f"{address:#018x}  {self.region(memory, address)}")
        for step in walk.steps:
            present = step.entry & memory.facts.constant("PAGE_PRESENT")
            words = " ".join(memory.entry_words(step.entry)) if present else "not present"
            print(f"  L{step.level}[{step.index:3}] at {step.at:#010x}  {step.entry:#018x}"
                  f"  {words}")
        stacks = Stacks(memory)
        slot = stacks.slot_of(address)
        if slot is not None and walk.leaf is not None:
            page = stacks.decode(address, walk.leaf.entry)
            owner = f"; its entry names slot {page.owner}" if page.owner is not None else ""
            print(f"  stack slot {slot}: {page.state}{owner}")
        if walk.physical is None:
            print(f"  nothing there: the walk ends at level {walk.steps[-1].level}")
        else:
            print(f"  physical {walk.physical:#x}, page of {walk.page_bytes // 1024} KiB")

    @staticmethod
    def region(memory, address):
        """Returns the region of the address map that an address lies in."""
        facts = memory.facts
        regions = (("DIRECT_MAP_BASE", "DIRECT_MAP_BYTES", "direct map"),
                   ("STACK_OBJECT_BASE", "STACK_OBJECT_BYTES", "stack object"),
                   ("PAGE_RECURSIVE_BASE", "DIRECT_MAP_BYTES", "recursive mapping"),
                   ("VMALLOC_BASE", "VMALLOC_BYTES", "kernel regions"))
        for base, length, name in regions:
            if 0 <= address - facts.constant(base) < facts.constant(length):
                return name
        stack = Processors(memory).entry_stack_of(address)
        if stack:
            return f"{stack[2]} entry stack of CPU {stack[0]}"
        if address >= facts.constant("KERNEL_BASE"):
            return f"kernel image, {place(address)}"
        return "no region of the kernel's"


class BacktraceCommand(Command):
    """Show where a thread is: st bt [THREAD]

    THREAD is an id or a name; without it, the thread of the selected processor. The backtrace of a
    running thread begins with its processor's registers and goes on across entry stacks. That of a
    waiting thread begins with its saved registers. Behind the kernel's frames come those of the
    program, with names if `st program` has loaded its symbols. gdb's own `bt` shows only what
    processors run, and stops at entry stacks."""

    def run(self, memory, argument):
        thread = thread_of(memory, argument)
        trace = Backtrace(Threads(memory).memory_of(thread), function_start, vector_name,
                          Tasks(memory).memory_of(thread))
        cpu, rip, rsp, rbp = context_of(memory, thread)
        running = f"runs on CPU {cpu}" if cpu is not None else Threads(memory).state(thread)
        if Threads(memory).is_swapped(thread):
            running += ", swapped out"
        print(f"Thread {thread.id} ({thread.name}), {running}:")
        frames = trace.of_registers(rip, rsp, rbp) if cpu is not None else trace.of_saved(rip, rbp)
        self.show(frames)

    @staticmethod
    def show(frames):
        """Prints the frames. A function that called itself is printed once, with a count."""
        number, index = 0, 0
        while index < len(frames):
            frame, same = frames[index], 1
            while index + same < len(frames) and frame.returns and \
                    frames[index + same].address == frame.address:
                same += 1
            if frame.address:
                note = f"   <- {frame.note}" if frame.note else ""
                times = f"   and {same - 1} times more" if same > 1 else ""
                print(f"  #{number:<2} {frame.address:#018x} {place(frame.address, frame.returns)}"
                      f"{note}{times}")
            else:
                print(f"      ({frame.note})")
            number, index = number + same, index + same


class TasksCommand(Command):
    """List the tasks: st tasks

    Each line has the task's id, name, threads, open handles and frames, each with its limit."""

    def run(self, memory, argument):
        tasks = Tasks(memory)
        print(f"{'id':>5} {'name':20} {'threads':>15} {'handles':>14} {'frames':>18}")
        for task in tasks.all():
            used, limit = tasks.frames(task)
            print(f"{task.id:5} {task.name:20} {task.thread_count:6} of {task.thread_limit:<5}"
                  f" {task.get('handles.open'):5} of {task.get('handles.limit'):<5}"
                  f" {used:7} of {limit:<7}{'  ends' if task.dying else ''}")


class HandlesCommand(Command):
    """List the handles of a task: st handles TASK

    TASK is an id or a name. Each line has the handle's number, its object's type, its rights, its
    badge, and the address of the object. The rights are: d duplicate, t transfer, s send, r receive,
    R read, W write, X execute, m manage."""

    def run(self, memory, argument):
        if not argument:
            raise gdb.GdbError("Which task? st handles TASK; `st tasks` lists them.")
        tasks = Tasks(memory)
        task = tasks.find(argument)
        if task is None:
            raise gdb.GdbError(f"There is no task '{argument}'; `st tasks` lists them.")
        print(f"{'handle':10} {'type':12} {'rights':8} {'badge':>18}  object")
        for handle in tasks.handles(task):
            print(f"{handle.number:#010x} {handle.kind:12} {handle.rights} {handle.badge:#18x}"
                  f"  {handle.address:#x}")


class ProgramCommand(gdb.Command):
    """Load the symbols of a user program: st program [NAME]

    Without NAME, list the programs. All programs lie at the same addresses, so only one has its
    symbols loaded: those of another one are removed first. Breakpoints in it hold in any program
    that has the address, whatever its name."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_FILES)
        self._loaded = None

    def complete(self, text, _word):
        """Called by gdb for the Tab key."""
        return [name for name in self.programs() if name.startswith(text)]

    @staticmethod
    def programs():
        """Returns {name: ELF file} of the programs that lie beside the kernel in gdb."""
        for objfile in gdb.objfiles():
            directory = os.path.dirname(os.path.realpath(objfile.filename))
            for build in (directory, os.path.dirname(directory)):
                found = glob.glob(os.path.join(build, "user", "*.elf"))
                if found:
                    return {os.path.basename(path)[:-4]: path for path in sorted(found)}
        return {}

    def invoke(self, argument, _from_tty):  # pylint: disable=arguments-differ
        """Called by gdb."""
        programs, name = self.programs(), argument.strip()
        if not programs:
            raise gdb.GdbError("There are no user programs beside this kernel: make user")
        if not name:
            print("User programs: " + ", ".join(programs))
            return
        if name not in programs:
            raise gdb.GdbError(f"There is no program '{name}'; `st program` lists them.")
        if self._loaded in [objfile.filename for objfile in gdb.objfiles()]:
            gdb.execute(f"remove-symbol-file '{self._loaded}'", to_string=True)
        gdb.execute(f"add-symbol-file '{programs[name]}'", to_string=True)
        self._loaded = gdb.objfiles()[-1].filename
        print(f"Symbols of {name} are loaded.")


def vector_name(vector):
    """Returns the kernel's name of a vector."""
    try:
        names = gdb.parse_and_eval("vector_names")
        known = vector <= names.type.range()[1]
        return names[vector].string() if known else f"vector {vector:#x}"
    except gdb.error:
        return f"vector {vector:#x}"


def register_commands():
    """Makes the commands known to gdb."""
    Prefix()
    for name, kind in (("threads", ThreadsCommand), ("stack", StackCommand),
                       ("mag", MagazineCommand), ("pte", PteCommand), ("bt", BacktraceCommand),
                       ("tasks", TasksCommand), ("handles", HandlesCommand),
                       ("program", ProgramCommand)):
        kind(f"st {name}")
