"""Reads the disassembly: each function's calls, and how far it moves the stack pointer.

The input is `objdump -dr` of the objects, not of the kernel. In an object a relocation names the
target of each call, and two functions with one name lie in two files.
"""

import re
import subprocess
from dataclasses import dataclass, field

OBJECT = re.compile(r"(\S+):\s+file format ")
SECTION = re.compile(r"Disassembly of section (\S+):")
LABEL = re.compile(r"([0-9a-f]+) <(\S+)>:$")
INSTRUCTION = re.compile(r"\s*([0-9a-f]+):\t(?:(?:notrack|bnd|lock|rep\w*|cs|data16) )*(\S+)\s*(.*)$")
RELOCATION = re.compile(r"\s*([0-9a-f]+): (R_X86_64_\w+)\t(.+)$")
RECORDS = re.compile(r"RELOCATION RECORDS FOR \[(.+)\]:")
RECORD = re.compile(r"[0-9a-f]+ (R_X86_64_\w+)\s+(\S+)$")
ABSOLUTE = ("R_X86_64_64", "R_X86_64_32", "R_X86_64_32S")
TARGET = re.compile(r"([0-9a-f]+) <")
IMMEDIATE = re.compile(r"\$(-?0x[0-9a-f]+|-?\d+),%rsp$")
FROM_RBP = re.compile(r"(-?0x[0-9a-f]+)\(%rbp\),%rsp$")
COLD = re.compile(r"\.cold(\.\d+)?$")
NEVER_RETURN = ("panic",)
RECORDED = (".debug", ".patch_sites", ".depth_sections")


@dataclass
class Instruction:
    """One instruction. `target` is (symbol, offset) of its relocation, if it has one."""

    address: int
    name: str
    operands: str
    section: str
    owner: str
    target: tuple = None
    next: int = None


@dataclass
class Code:
    """The listing's facts about one function."""

    bytes: int = 0                              # pushed below the return address, at most
    calls: set = field(default_factory=set)     # direct, tail calls included
    indirect: set = field(default_factory=set)  # symbols that indirect calls go through, or ""
    then: set = field(default_factory=set)      # called after RSP was loaded anew
    dynamic: str = ""                           # an instruction that moves RSP by an unknown amount
    call_depths: dict = field(default_factory=dict)


class Object:
    """One object file's instructions."""

    def __init__(self, path):
        self.path = path
        self.instructions = {}  # (section, address)
        self.starts = {}        # name: (section, address)
        self.at = {}            # (section, address): name
        self.owned = {}         # owner: its positions, in order

    def owner_of(self, name):
        """Returns the function that a label belongs to. GCC puts unlikely code into NAME.cold."""
        return COLD.sub("", name)


def read(objects, objdump="objdump"):
    """Disassembles the objects and returns {path: Object}."""
    done = subprocess.run([objdump, "-dr", "--no-show-raw-insn", *objects], check=True,
                          stdout=subprocess.PIPE, text=True)
    return parse(done.stdout)


def parse(text):
    """Reads the output of objdump -dr."""
    found, current, section, label, last = {}, None, "", "", None
    for line in text.splitlines():
        if match := INSTRUCTION.match(line):
            address, name, operands = match.groups()
            instruction = Instruction(int(address, 16), name, operands.split("#")[0].strip(),
                                      section, current.owner_of(label))
            if last is not None and last.section == section:
                last.next = instruction.address
            current.instructions[section, instruction.address] = last = instruction
            current.owned.setdefault(instruction.owner, []).append((section, instruction.address))
        elif match := RELOCATION.match(line):
            if last is not None and last.target is None:
                last.target = relocation(match.group(2), match.group(3))
        elif match := LABEL.match(line):
            address, name = int(match.group(1), 16), match.group(2)
            current.starts.setdefault(name, (section, address))
            current.at.setdefault((section, address), name)
            if "." not in name or not current.path.endswith(".asm.o"):
                label = name
        elif match := SECTION.match(line):
            section, last = match.group(1), None
        elif match := OBJECT.match(line):
            current, last = Object(match.group(1)), None
            found[current.path] = current
    return found


def addresses(objects, objdump="objdump"):
    """Returns {path: [(symbol, offset)]}, the targets of relocations other than calls and jumps.
    The records of patch sites and of depth sections are left out: sites.py and depth.py read them."""
    done = subprocess.run([objdump, "-r", *objects], check=True, stdout=subprocess.PIPE, text=True)
    found, current, section = {}, [], ""
    for line in done.stdout.splitlines():
        if match := OBJECT.match(line):
            current = found.setdefault(match.group(1), [])
        elif match := RECORDS.match(line):
            section = match.group(1)
        elif (match := RECORD.match(line)) and not section.startswith(RECORDED):
            if match.group(1) in ABSOLUTE:
                current.append(relocation(*match.groups()))
    return found


def relocation(kind, text):
    """Returns (symbol, offset). Corrects a relative offset by the 4 bytes of its field."""
    match = re.match(r"(.+?)([+-]0x[0-9a-f]+)?$", text)
    offset = int(match.group(2) or "0", 16)
    return match.group(1), offset + 4 if kind.endswith(("PC32", "PLT32")) else offset


class Walk:
    """Follows all paths through one function and tracks the depth of the stack on each."""

    def __init__(self, obj, start, whole_object):
        self.obj = obj
        self.whole = whole_object
        self.owner = obj.instructions[start].owner
        self.code = Code()
        self.seen = set()
        self.pending = [(start, 0, None, False)]
        self.tables = []
        while self.pending or self._table_targets():
            self._run(*self.pending.pop())

    def _table_targets(self):
        """Queues the next code that nothing else reaches, as a target of a jump through a table."""
        while self.tables:
            depth, frame, switched = self.tables[-1]
            rest = next((key for key in self.obj.owned[self.owner] if key not in self.seen), None)
            if rest:
                self.pending.append((rest, depth, frame, switched))
                return True
            self.tables.pop()
        return False

    def _place(self, instruction):
        """Returns the target of a direct jump or call: a position here, or a symbol's name."""
        if instruction.target is not None:
            symbol, offset = instruction.target
            position = (symbol, offset)
            if position in self.obj.instructions:
                return position
            if symbol in self.obj.starts and offset == 0:
                return self.obj.starts[symbol]
            return symbol
        match = TARGET.match(instruction.operands)
        return (instruction.section, int(match.group(1), 16)) if match else None

    def _inside(self, place):
        if not isinstance(place, tuple) or place not in self.obj.instructions:
            return False
        return self.whole or self.obj.instructions[place].owner == self.owner

    def _called(self, place, depth, switched):
        name = place if isinstance(place, str) else self.obj.at.get(place, "")
        (self.code.then if switched else self.code.calls).add(name)
        if not switched:
            self.code.call_depths[name] = max(depth, self.code.call_depths.get(name, 0))

    def _indirect(self, instruction, depth, switched):
        name = instruction.target[0] if instruction.target else ""
        name = "" if name.startswith(".") else name
        self.code.indirect.add(name)
        if not switched:
            self.code.call_depths["*" + name] = max(depth, self.code.call_depths.get("*" + name, 0))

    def _run(self, place, depth, frame, switched):
        """Follows one path from a place to its end. `frame` is the depth that RBP stands for."""
        while self._inside(place):
            if place in self.seen:
                return
            self.seen.add(place)
            one = self.obj.instructions[place]
            depth, frame, switched = self._stack(one, depth, frame, switched)
            if not switched:
                self.code.bytes = max(self.code.bytes, depth)
            name = one.name
            if name in ("ret", "iretq", "iret", "ud2"):
                return
            if name == "call" and one.operands.startswith("*"):
                self._indirect(one, depth, switched)
            elif name == "call":
                target = self._place(one)
                self._called(target, depth, switched)
                if target in NEVER_RETURN:
                    return
            elif name == "jmp" and one.operands.startswith("*"):
                table = "(,%r" in one.operands or not one.operands.startswith("*0x")
                if table and not switched and self._has_table():
                    self.tables.append((depth, frame, switched))
                else:
                    self._indirect(one, depth, switched)
                return
            elif name.startswith("j"):
                target = self._place(one)
                if self._inside(target):
                    self.pending.append((target, depth, frame, switched))
                elif target is not None:
                    self._called(target, depth, switched)
                if name == "jmp":
                    return
            if one.next is None:
                return
            place = (one.section, one.next)

    def _has_table(self):
        """Returns whether the function reads addresses from a table of constants."""
        own = (self.obj.instructions[key] for key in self.obj.owned[self.owner])
        return any(one.target and one.target[0].startswith(".rodata") and "(,%r" in one.operands
                   for one in own)

    def _stack(self, one, depth, frame, switched):
        name, operands = one.name, one.operands
        if name.startswith("push"):
            depth += 8
        elif name.startswith("pop"):
            depth -= 8
        elif name == "lret" or name == "lretq":
            depth -= 16
        elif name == "leave":
            depth = frame - 8 if frame is not None else depth
        elif name == "mov" and operands == "%rsp,%rbp":
            frame = depth
        elif operands.endswith(",%rsp") and name not in ("cmp", "test"):
            depth, switched = self._stack_loaded(one, depth, frame, switched)
        return max(depth, 0), frame, switched

    def _stack_loaded(self, one, depth, frame, switched):
        immediate = IMMEDIATE.search(one.operands)
        from_rbp = FROM_RBP.match(one.operands)
        if one.name in ("sub", "add") and immediate:
            bytes_ = int(immediate.group(1), 0)
            if bytes_ >= 1 << 63:  # a frame of 128 bytes is made by adding -128: one byte shorter
                bytes_ -= 1 << 64
            return depth + (bytes_ if one.name == "sub" else -bytes_), switched
        if one.name == "and" and immediate and not switched:
            aligned = (1 << 64) - int(immediate.group(1), 0)
            return depth + max(aligned - 8, 0), switched  # RSP is a multiple of 8
        if one.name == "lea" and from_rbp and frame is not None:
            return frame - int(from_rbp.group(1), 0), switched
        if one.name == "mov" and one.operands == "%rbp,%rsp" and frame is not None:
            return frame, switched
        if one.name in ("mov", "movabs"):
            return 0, True
        if not self.code.dynamic:
            self.code.dynamic = f"{one.name} {one.operands}"
        return depth, switched


def walk(obj, name, whole_object=False):
    """Returns one function's Code. Assembly needs `whole_object`: its jumps go anywhere."""
    return Walk(obj, obj.starts[name], whole_object).code
