"""Reads a stopped kernel's memory and processors through gdb."""

import gdb  # pylint: disable=import-error  # gdb's own

from .facts import Facts, FactsError, collect
from .memory import Memory, MemoryFault
from .stacks import Processors


class GdbMemory(Memory):
    """Virtual addresses as the selected processor sees them; physical ones by the direct map."""

    def read(self, address, count):
        try:
            return bytes(gdb.selected_inferior().read_memory(address, count))
        except gdb.MemoryError as error:
            raise MemoryFault(f"nothing is mapped at {address:#x}") from error

    def read_physical(self, address, count):
        return self.read(self.facts.constant("DIRECT_MAP_BASE") + address, count)

    def cr3(self):
        return register("cr3")


_loaded = []  # the object file, and its facts


def facts():
    """Returns the facts of the kernel in gdb. Reads them again after a new build."""
    files = gdb.objfiles()
    if not files:
        raise FactsError("no kernel is loaded: file build/release/kernel.elf")
    if not _loaded or _loaded[0] is not files[0]:
        _loaded[:] = [files[0], Facts(collect(gdb))]
    return _loaded[1]


def machine():
    """Returns the memory of gdb's machine. The kernel must have its own page tables."""
    if gdb.selected_thread() is None:
        raise FactsError("gdb is connected to no machine: target remote localhost:1234")
    memory = GdbMemory(facts())
    if memory.cr3() == 0 or not _has_own_tables(memory):
        raise FactsError("the kernel has not come so far yet; its first thread begins at"
                         " boot_continue: hbreak boot_continue, continue")
    return memory


def _has_own_tables(memory):
    try:
        memory.read_physical(memory.cr3() & memory.facts.constant("PAGE_ADDRESS_MASK"), 8)
        return Processors(memory).count() > 0
    except MemoryFault:
        return False


def register(name):
    """Returns a register of the selected processor as an unsigned number."""
    return int(gdb.parse_and_eval(f"(unsigned long)${name}")) % (1 << 64)


def selected_cpu(memory):
    """Returns the number of gdb's selected processor, or None before it has its own variables. A
    processor that was not started has no page tables, and its GS is 0 like that of the first."""
    if register("cr3") == 0:
        return None
    return Processors(memory).by_offset(register("gs_base"))


class ProcessorSelected:
    """Selects another processor in gdb within a `with`. Raises KeyError if it is missing."""

    def __init__(self, memory, cpu):
        self._memory = memory
        self._cpu = cpu
        self._before = gdb.selected_thread()

    def __enter__(self):
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            if selected_cpu(self._memory) == self._cpu:
                return self
        self._before.switch()
        raise KeyError(self._cpu)

    def __exit__(self, *_):
        self._before.switch()


def function_start(address):
    """Returns the start of the function that holds an address, or None outside the code."""
    block = gdb.block_for_pc(address)
    while block is not None and block.function is None and block.superblock is not None:
        block = block.superblock
    while block is not None and block.function and block.superblock.function:
        block = block.superblock  # leave inlined functions
    if block is not None and block.function is not None:
        return block.start
    name, offset = _symbol(address)
    return address - offset if name else None


def place(address, returns=False):
    """Returns `function+0x12 (file.c:34)` for code, with `in NAME` for inlined code."""
    inside = address - 1 if returns else address
    name, offset = _symbol(inside)
    if name is None:
        return "?"
    line, block = gdb.find_pc_line(inside), gdb.block_for_pc(inside)
    while block is not None and block.function is None:
        block = block.superblock
    inlined = block is not None and block.function.name != name.split(".")[0]
    where = f"{'in ' + block.function.name + ', ' if inlined else ''}"
    if line.symtab and line.line:
        path = line.symtab.filename
        where += f"{path[2:] if path.startswith('./') else path}:{line.line}"
    return f"{name}+{offset + (1 if returns else 0):#x}{f' ({where})' if where else ''}"


def _symbol(address):
    """Returns (name, offset) of the function or assembly's global label before an address."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    if " in section .text" not in text:
        return None, 0
    name, _, offset = text.split(" in section")[0].partition(" + ")
    if "[" in name:  # NASM's local labels, as gdb shows them
        name = name.split("[")[0]
        return name, address - int(gdb.parse_and_eval(f"(unsigned long)&{name}")) % (1 << 64)
    return name, int(offset or "0")
