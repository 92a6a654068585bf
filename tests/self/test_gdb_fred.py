"""What gdb says of stacks (st bt, st stack, st threads) where events enter by FRED, on memory that is
made up: frames of 64 bytes on the stacks of levels, nested ones below each other, and each step of
the entry code.
"""

import pytest
from stalactite.facts import Facts
from stalactite.memory import Memory, MemoryFault
from stalactite.threads import Backtrace, interrupted_rsp

ENTRY_BASE, THREAD_STACK, CODE = 0xffff_f000_0000_0000, 0xffff_c000_0000_0000, 0xffff_ffff_8000_0000
STRIDE, AREA, AREAS = 0x10000, 0x1000, 3
KINDS = ("", "page-fault", "interrupt", "NMI", "machine-check", "debug", "double-fault")
INTERRUPT, NMI = 2, 3
USER_ENTRY, KERNEL_ENTRY, LEAVE = CODE + 0x1000, CODE + 0x1100, CODE + 0x1200
NAMES, ACTIVE = CODE + 0x8000, CODE + 0x9000
HANDLER, THREAD_CODE, CALLER = CODE + 0x2000, CODE + 0x3000, CODE + 0x4000
WORDS = ("r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rbp", "rdi", "rsi", "rdx", "rcx",
         "rbx", "rax", "address", "error", "rip", "cs", "rflags", "rsp", "ss")

# fred_entry.asm, instruction by instruction: what each does to RSP, in words.
PUSHES = [("fa", 0), ("ff742430", 1)] + [(f"{0x50 + r:x}", 1) for r in (0, 3, 1, 2, 6, 7, 5)] + \
    [(f"41{0x50 + r:x}", 1) for r in range(8)]
MIDDLE = [("8b8424ac000000", 0), ("0fb6c8", 0), ("898c2484000000", 0), ("25ff000f00", 0),
          ("3d0e000300", 0), ("755a", 0), ("4889e7", 0)]
POPS = [(f"41{0x58 + r:x}", -1) for r in range(7, -1, -1)] + \
    [(f"{0x58 + r:x}", -1) for r in (5, 7, 6, 2, 1, 3, 0)] + [("4883c408", -1)]
MARK, CALL, TEST, ERETS = "488d6c2401", "e800000000", "4885c0", "f20f01ca"


def facts():
    """As gdb would tell them."""
    fields = {name: {"offset": 8 * i, "size": 8, "signed": False, "count": None, "text": False}
              for i, name in enumerate(WORDS)}
    fields["error"]["size"] = 4
    fields["vector"] = {**fields["error"], "offset": fields["error"]["offset"] + 4}
    macros = {"ENTRY_STACK_BASE": ENTRY_BASE, "ENTRY_STACK_CPU_STRIDE": STRIDE * len(KINDS),
              "ENTRY_STACK_STRIDE": STRIDE, "ENTRY_STACK_BYTES": AREA * AREAS,
              "ENTRY_AREA_BYTES": AREA, "ENTRY_KINDS": len(KINDS), "CPU_MAX": 4,
              "TRAP_FRAME_MARK": 1}
    return Facts({"macros": {name: hex(value) for name, value in macros.items()},
                  "enumerations": {},
                  "structures": {"trap_frame": {"size": 8 * len(WORDS), "fields": fields},
                                 "fred_frame": {"size": 64, "fields": {}}},
                  "variables": {"entry_stack_names": NAMES, "fred_active": ACTIVE,
                                "entry_path_begin": CODE + 0x100, "entry_path_end": CODE + 0x900,
                                "fred_entry_user": USER_ENTRY, "fred_entry_kernel": KERNEL_ENTRY,
                                "fred_level_leave": LEAVE, "thread_trampoline": CODE + 0x5000}})


class Made(Memory):
    """Memory in pieces; what is in none is not mapped."""

    def __init__(self, active):
        super().__init__(facts())
        self.pieces = {THREAD_STACK: bytearray(0x4000), CODE: bytearray(0x10000)}
        for kind in range(1, len(KINDS)):
            self.pieces[top_of(kind) - AREA * AREAS] = bytearray(AREA * AREAS)
            self.write(NAMES + 8 * kind, (NAMES + 0x100 + 32 * kind).to_bytes(8, "little"))
            self.write(NAMES + 0x100 + 32 * kind, KINDS[kind].encode())
        self.write(ACTIVE, bytes((active,)))

    def write(self, address, data):
        for start, piece in self.pieces.items():
            if start <= address and address + len(data) <= start + len(piece):
                piece[address - start:address - start + len(data)] = data
                return
        raise MemoryFault(f"{address:#x}")

    def read(self, address, count):
        for start, piece in self.pieces.items():
            if start <= address and address + count <= start + len(piece):
                return bytes(piece[address - start:address - start + count])
        raise MemoryFault(f"{address:#x}")

    def words(self, address, *values):
        self.write(address, b"".join(value.to_bytes(8, "little") for value in values))

    def frame(self, stack, rip, rsp, rbp=0, vector=0x20):
        """An event's frame, with the CPU's 64 bytes below `stack`; returns the trap frame."""
        pushed = stack // 64 * 64 - 64
        self.words(pushed, vector << 32, rip, 0x8, 0x202, rsp, 0x10, 0, 0)
        trap = pushed - 8 * WORDS.index("error")
        self.words(trap + 8 * WORDS.index("rbp"), rbp)
        return trap


def top_of(kind):
    """The top of an entry stack of CPU 0."""
    return ENTRY_BASE + STRIDE * kind + AREA * AREAS


def function(address):
    """Everything is one function at each 4 KiB: begun, with its frame made."""
    return address - address % 0x1000 if CODE + 0x2000 <= address < CODE + 0x6000 else None


@pytest.fixture(name="memory")
def fixture_memory():
    """A thread that was interrupted in THREAD_CODE, called by CALLER."""
    made = Made(1)
    for code in (HANDLER, THREAD_CODE, CALLER):
        made.write(code, bytes.fromhex("554889e5"))
    made.words(THREAD_STACK + 0x3000, 0, CALLER + 0x30)
    return made


RSP = THREAD_STACK + 0x2f00
RBP = THREAD_STACK + 0x3000


def trace(memory, rip, rsp, rbp):
    backtrace = Backtrace(memory, function, lambda vector: f"vector {vector:#x}")
    return [(frame.address, frame.note) for frame in backtrace.of_registers(rip, rsp, rbp)]


def test_rsp_of_the_thread_through_levels(memory):
    """An NMI in an interrupt's handler, on its second page; and a fault on the same level."""
    first = memory.frame(top_of(INTERRUPT), THREAD_CODE + 0x40, RSP)
    deep = first - AREA - 0x100
    memory.frame(deep, HANDLER + 0x50, deep)
    memory.frame(top_of(NMI), HANDLER + 0x60, deep - 0x400)
    assert interrupted_rsp(memory, top_of(NMI) - 0x800) == RSP
    assert interrupted_rsp(memory, deep - 0x300) == RSP
    assert interrupted_rsp(memory, RSP) == RSP


def test_the_table_has_areas(memory):
    """The same addresses, where events enter by the table: each at the top of an area."""
    memory.write(ACTIVE, b"\0")
    below = top_of(INTERRUPT) - AREA
    memory.words(below - 16, RSP, 0x10)
    memory.words(top_of(INTERRUPT) - 16, 0x1234, 0x10)
    assert interrupted_rsp(memory, below - 0x200) == RSP
    assert interrupted_rsp(memory, below + 0x200) == 0x1234


def test_backtrace_in_handlers_of_two_levels(memory):
    first = memory.frame(top_of(INTERRUPT), THREAD_CODE + 0x40, RSP, RBP, 0x30)
    handler = first - 0x200
    memory.words(handler, first | 1, KERNEL_ENTRY + 0x60)
    second = memory.frame(top_of(NMI), HANDLER + 0x50, handler - 0x40, handler, 2)
    assert trace(memory, HANDLER + 0x80, second - 0x100, second | 1) == [
        (HANDLER + 0x80, ""), (HANDLER + 0x50, "interrupted by vector 0x2"),
        (KERNEL_ENTRY + 0x60, ""), (THREAD_CODE + 0x40, "interrupted by vector 0x30"),
        (CALLER + 0x30, "")]


def entry_steps(start):
    """(rip, words pushed by the CPU's side of it, is RBP the mark?) before each instruction."""
    rip, words, marked = start, 0, False
    for code, moved in [*PUSHES, *MIDDLE, (MARK, 0), (CALL, 0), (TEST, 0), *POPS, (ERETS, 0)]:
        yield rip, bytes.fromhex(code), words, marked
        if code == MARK:
            marked = True
        if code == "5d":
            marked = False
        rip, words = rip + len(code) // 2, words + moved
    assert words == 0


@pytest.mark.parametrize("start", [USER_ENTRY, KERNEL_ENTRY])
@pytest.mark.parametrize("nested", [False, True])
def test_each_step_of_entry_and_exit(memory, start, nested):
    """Wherever it stops, the first thing below the entry code is what was interrupted."""
    stack, rip, rsp, rbp = top_of(INTERRUPT), THREAD_CODE + 0x40, RSP, RBP
    if nested:  # on the same level, in a handler that has not made its own frame: RBP is a mark
        outer = memory.frame(stack, rip, rsp, rbp, 0x30)
        stack, rip, rsp, rbp = outer - 8, HANDLER, outer - 8, outer | 1
        memory.words(rsp, KERNEL_ENTRY + 0x60)
    trap = memory.frame(stack, rip, rsp, rbp, 0x2e)
    steps = list(entry_steps(start))
    for at, code, _, _ in steps:
        memory.write(at, code)
    for at, _, words, marked in steps:
        found = trace(memory, at, trap + 8 * (WORDS.index("error") - words),
                      trap | 1 if marked else rbp)
        what = "interrupted by vector 0x2e" if marked else \
            "interrupted; on the interrupt stack since"
        assert found[:2] == [(at, "" if marked else "in the entry code"), (rip, what)], hex(at)
        assert (THREAD_CODE + 0x40) in [address for address, _ in found], hex(at)
        assert found[-1] == (CALLER + 0x30, "")


def test_a_frame_that_moves_keeps_its_mark(memory):
    """What the entry pushes to go down to level 0 hides the frame above from nobody."""
    trap = memory.frame(top_of(INTERRUPT), THREAD_CODE + 0x40, RSP, RBP, 0x30)
    memory.write(KERNEL_ENTRY + 0x90, bytes.fromhex(ERETS))
    for words in range(7):
        found = trace(memory, KERNEL_ENTRY + 0x90, trap - 8 * words, trap | 1)
        assert found[1] == (THREAD_CODE + 0x40, "interrupted by vector 0x30")
