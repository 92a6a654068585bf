"""The tool that computes stack bounds: what it finds, and what it refuses. Each test compiles a
small kernel of its own."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT
from runner import marks

# As much of a kernel as the tool asks for: one path of entry.asm, its handler, a panic, a thread.
ENTRY = """
extern entry_interrupt
global entry_path_begin
global thread_trampoline
extern thread_begin
%macro PATH 0
%rep 16
    push rax
%endrep
    push 2
    popfq
    call entry_interrupt
    add rsp, 136
    iretq
%endmacro
section .text
entry_path_begin: PATH
entry_path_2: PATH
thread_trampoline:
    call thread_begin
    ud2
"""
C = """
__attribute__((noinline, noreturn)) void panic(void) { volatile char words[100]; words[0] = 1;
    for (;;) { } }
void entry_continue(void) { %s }
__attribute__((noinline)) int leaf(int n) { volatile char local[200]; local[n] = 1; return local[0]; }
%s
void entry_interrupt(int n) { volatile int sum = %s; if (sum) panic(); }
void thread_begin(void) { volatile int sum = leaf(1); (void)sum; }
"""
OFFSETS = """%define ENTRY_THREAD 0
%define ENTRY_INTERRUPT 2
%define ENTRY_INTERRUPT_ASYNCHRONOUS 2
%define ENTRY_AREA_BYTES 1000
%define ENTRY_STACK_AREAS 3
%define ENTRY_CONTINUE_BYTES 300
%define FRAME_BYTES 176
%define STACK_BYTES 4000
"""
ANNOTATIONS = """
assembly entry.asm:entry_path_begin 136 calls entry_interrupt
assembly entry.asm:entry_path_2 136 calls entry_interrupt
assembly entry.asm:thread_trampoline 0 calls thread_begin
stack thread from thread_trampoline size STACK_BYTES events : a thread
end panic : for ever
"""


@pytest.fixture(name="bounds")
def fixture_bounds(tmp_path):
    """A function that builds the kernel with these changes: (status, output, JSON or None)."""
    def run(functions="", call="leaf(n)", more="", moved="", said=ANNOTATIONS, flags="-O2", offsets=OFFSETS):
        build = tmp_path / "build" / "release"
        (build / "obj").mkdir(parents=True, exist_ok=True)
        (tmp_path / "main.c").write_text(C % (moved, functions, call))
        (tmp_path / "entry.asm").write_text(ENTRY)
        (tmp_path / "said").write_text(said + more)
        (build / "offsets.inc").write_text(offsets)
        (build / "kernel.nm").write_text("")
        subprocess.run(["gcc", *flags.split(), "-fcallgraph-info=su", "-ffreestanding", "-fno-pic",
                        "-mno-red-zone", "-fno-asynchronous-unwind-tables", "-w", "-c", "-o",
                        "build/release/obj/main.o", "main.c"], cwd=tmp_path, check=True)
        subprocess.run(["nasm", "-f", "elf64", "-o", "build/release/obj/entry.asm.o", "entry.asm"],
                       cwd=tmp_path, check=True)
        result = tmp_path / "build" / "release" / "stack-bounds.json"
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "build", "stack_bounds.py"),
                               "--verbose", "--root", ".", "--annotations", "said", "--json",
                               str(result), "build/release"], cwd=tmp_path, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        found = json.loads(result.read_text()) if result.exists() else None
        return done.returncode, done.stdout, found
    return run


def test_a_good_kernel_has_bounds_and_paths(bounds):
    status, output, found = bounds()
    assert status == 0, output
    interrupt = found["interrupt"]
    assert [name for name, _ in interrupt["path"]][:2] == ["trap frame", "entry_interrupt"]
    assert 176 + 200 < interrupt["ordinary"] <= interrupt["bound"] < interrupt["nested"]
    assert interrupt["limit"] == 1000 and found["thread"]["limit"] == 4000
    assert "leaf" in output and "panic" in found["interrupt"]["path"][-1][0] + output


def test_every_byte_of_the_way_is_counted(bounds):
    _, _, before = bounds()
    _, _, after = bounds("__attribute__((noinline)) int step(int n)"
                         " { volatile char local[96]; local[n] = 2; return leaf(n) + local[1]; }",
                         "step(n)")
    assert 96 <= after["interrupt"]["ordinary"] - before["interrupt"]["ordinary"] <= 96 + 32


def test_pushes_of_inline_assembly_are_counted(bounds):
    status, output, found = bounds('__attribute__((noinline)) int flags(int n) { __asm__ volatile('
                                   '"sub $400, %%rsp; add $400, %%rsp" ::: "memory"); return n; }',
                                   "flags(n)")
    assert status == 0 and found["interrupt"]["ordinary"] >= 176 + 400, output
    assert "inline assembly" in output


def test_a_frame_of_128_bytes_that_is_made_by_an_addition_is_counted(bounds):
    status, output, found = bounds('__attribute__((noinline)) int flags(int n) { __asm__ volatile('
                                   '"add $-128, %%rsp; sub $-128, %%rsp" ::: "memory"); return n; }',
                                   "flags(n)")
    assert status == 0 and 176 + 128 <= found["interrupt"]["ordinary"] < 1000, output


def test_what_an_aligned_frame_may_lose_is_counted(bounds):
    status, output, found = bounds('__attribute__((noinline)) int flags(int n) { __asm__ volatile('
                                   '"and $-256, %%rsp; mov %%rbp, %%rsp" ::: "memory"); return n; }',
                                   "flags(n)")
    assert status == 0 and 176 + 248 <= found["interrupt"]["ordinary"] < 1000, output


def test_recursion_is_refused(bounds):
    status, output, found = bounds("__attribute__((noinline)) int deep(int n)"
                                   " { volatile int m = n ? deep(n - 1) : 0; return m; }",
                                   "deep(n)")
    assert status == 1 and "recursion without a bound: deep -> deep" in output and found is None


def test_recursion_of_two_functions_is_refused(bounds):
    two = ("int odd(int n); __attribute__((noinline)) int even(int n)"
           " { volatile int m = n ? odd(n - 1) : 0; return m; } __attribute__((noinline))"
           " int odd(int n) { volatile int m = n ? even(n - 1) : 0; return m; }")
    status, output, _ = bounds(two, "odd(n)")
    assert status == 1 and "recursion without a bound" in output
    status, output, found = bounds(two, "odd(n)", "recursion even 3 : the test says so\n")
    assert status == 0 and "3 rounds" in output, output
    assert found["interrupt"]["ordinary"] > 176 + 3 * 32


POINTER = ("int (*pointer)(int); __attribute__((noinline)) int through(int n)\n"
           "{\n    return pointer(n) + 1;\n}")


def test_an_unannotated_indirect_call_is_refused(bounds):
    status, output, _ = bounds(POINTER, "through(n)")
    assert status == 1 and "indirect main.c:pointer = " in output, output


def test_an_annotated_indirect_call_is_followed(bounds):
    status, output, found = bounds(POINTER, "through(n)", "indirect main.c:pointer = leaf\n")
    assert status == 0 and found["interrupt"]["ordinary"] > 176 + 200, output


def test_an_indirect_call_of_inline_assembly_is_refused(bounds):
    status, output, _ = bounds('__attribute__((noinline)) int hidden(int n)'
                               ' { __asm__ volatile("call *%0" :: "r"(0L)); return n; }',
                               "hidden(n)")
    assert status == 1 and "the listing has an indirect call" in output


def test_a_function_that_could_be_called_through_a_pointer_must_be_annotated(bounds):
    table = "int (*const table[])(int) = {leaf};"
    status, output, _ = bounds(table)
    assert status == 1 and "leaf: its address is taken" in output
    status, output, _ = bounds(table, more="address leaf : never called so\n")
    assert status == 0, output
    status, output, _ = bounds(table, more="address le* unless __attribute__ : a pattern\n")
    assert status == 1 and "leaf: its address is taken" in output


@pytest.mark.parametrize("body", ["volatile char *p = __builtin_alloca(n); p[0] = 1; return p[1];",
                                  "volatile char p[n]; p[0] = 1; return p[1];"])
def test_a_dynamic_frame_is_refused(bounds, body):
    status, output, _ = bounds(f"__attribute__((noinline)) int grows(int n) {{ {body} }}",
                               "grows(n)")
    assert status == 1 and "grows: a frame whose size only the run knows" in output


@pytest.mark.parametrize("wrong, complaint", [
    ("assembly entry.asm:entry_path_2 128 calls entry_interrupt", "bytes: the annotation says 128"),
    ("assembly entry.asm:entry_path_2 136 calls leaf", "calls: the annotation says leaf"),
    ("assembly entry.asm:entry_path_3 136 calls entry_interrupt", "there is no such label"),
])
def test_wrong_assembly_is_refused(bounds, wrong, complaint):
    said = ANNOTATIONS.replace("assembly entry.asm:entry_path_2 136 calls entry_interrupt", wrong)
    status, output, _ = bounds(said=said)
    assert status == 1 and complaint in output


@pytest.mark.parametrize("more, complaint", [
    ("indirect main.c:pointer = nobody\n", "there is no such function"),
    ("indirect main.c:other = leaf\n", "nothing needs this"),
    ("excluded nobody : gone\n", "there is no such function"),
    ("recursion even\n", "malformed"),
    ("sorcery even\n", "there is no statement"),
    ("end panic : again\n", "a second end"),
])
def test_wrong_annotations_are_refused(bounds, more, complaint):
    status, output, _ = bounds(more=more)
    assert status == 1 and complaint in output


def test_a_bound_that_is_exceeded_fails(bounds):
    status, output, found = bounds(offsets=OFFSETS.replace("1000", "300"))
    assert status == 1 and found is None
    assert "interrupt: " in output and "bytes may be needed, and there are 300" in output


def test_a_thread_that_is_too_deep_fails(bounds):
    status, output, _ = bounds(offsets=OFFSETS.replace("4000", "600"))
    assert status == 1 and "thread: " in output


def test_what_follows_a_moved_frame_must_fit_into_its_room(bounds):
    status, output, found = bounds()
    assert status == 0 and found["after-a-move"]["limit"] == 300, output
    status, output, _ = bounds(moved="volatile char local[400]; local[0] = 1;")
    assert status == 1 and "after-a-move: " in output and "and there are 300" in output


# Two patch sites: a CLI that becomes a call, and a function that becomes a jump to another.
SITE = r"""__attribute__((noinline)) int masked(int n) { __asm__ volatile("771: cli\n"
    ".pushsection .patch_sites, \"a\"\n.balign 8\n.quad 771b, 0\n.byte %d, 5, 0, 0, 0, 0, 0, 0\n"
    ".popsection" ::: "memory"); return n; }"""
SITE_ENTRY = """
global site_interrupts_check, plain
section .patch_sites progbits alloc noexec nowrite align=8
    dq plain, replacement
    db 2, 0, 0, 0, 0, 0, 0, 0
section .text
site_interrupts_check:
%rep 50
    push rax
%endrep
    add rsp, 400
    ret
plain:
    ret
replacement:
    sub rsp, 320
    add rsp, 320
    ret
"""
SITE_SAID = "assembly entry.asm:plain 0\nassembly entry.asm:replacement 320\n"


def test_what_a_text_site_calls_is_counted(bounds, monkeypatch):
    monkeypatch.setitem(globals(), "ENTRY", ENTRY + SITE_ENTRY)
    said = SITE_SAID + "assembly entry.asm:site_interrupts_check 400\n"
    status, output, found = bounds(SITE % 0, "masked(n)", said)
    assert status == 0 and 176 + 400 <= found["interrupt"]["ordinary"] < 176 + 500, output
    assert "site_interrupts_check" in output
    status, output, _ = bounds(SITE % 0, "masked(n)", SITE_SAID)
    assert status == 1 and "masked: calls site_interrupts_check, of which nothing is known" in output
    status, output, _ = bounds(SITE % 7, "masked(n)", said)
    assert status == 1 and "of kind 7, of which nothing is known" in output


# A depth section that says it touches %d bytes below its frame pointer.
DEPTH = r"""__attribute__((noinline)) int deep(int n) { __asm__ volatile("771: testb $0, (%%%%rsp)\n"
    ".pushsection .depth_sections, \"\"\n.quad 771b, %d\n.popsection" ::: "memory");
    volatile char local[400]; local[n & 255] = 1; return local[n & 127]; }"""


def test_a_depth_section_must_touch_all_that_it_and_a_preemption_need(bounds):
    event = 176 + 16 + 300
    status, output, _ = bounds(DEPTH % (event + 500), "deep(n)")
    assert status == 0, output
    status, output, _ = bounds(DEPTH % (event + 399), "deep(n)")
    assert status == 1 and "the depth section deep may need" in output
    assert f"besides the {event} of a preemption, and touches only 399" in output


def test_a_depth_section_counts_below_another_one_with_its_touch(bounds):
    event = 176 + 16 + 300
    outer = r"""
__attribute__((noinline)) int outer(int n) { __asm__ volatile("771: testb $0, (%%%%rsp)\n"
    ".pushsection .depth_sections, \"\"\n.quad 771b, %d\n.popsection" ::: "memory");
    return deep(n) + 1; }"""
    inner = DEPTH % (event + 600)
    status, output, _ = bounds(inner + outer % (event + 700), "outer(n)")
    assert status == 0, output
    status, output, _ = bounds(inner + outer % (event + 600), "outer(n)")
    assert status == 1 and "deep touches 600" in output


def test_what_a_function_is_replaced_by_is_counted(bounds, monkeypatch):
    monkeypatch.setitem(globals(), "ENTRY", ENTRY + SITE_ENTRY)
    caller = "void plain(void); __attribute__((noinline)) int calls(int n) { plain(); return n + 1; }"
    said = SITE_SAID + "assembly entry.asm:site_interrupts_check 400\n"
    status, output, found = bounds(caller, "calls(n)", said)
    assert status == 0 and 176 + 320 <= found["interrupt"]["ordinary"] < 176 + 400, output
    status, output, _ = bounds(caller, "calls(n)", "assembly entry.asm:plain 0\n")
    assert status == 1 and "becomes a jump to" in output


SECTION = "section prefault from thread_trampoline size SITE_TOUCH_BYTES : what a touch brings\n"


def test_a_section_that_needs_more_than_a_site_brings_is_refused(bounds):
    offsets = OFFSETS + "%define SITE_TOUCH_BYTES 400\n"
    status, output, found = bounds(more=SECTION, offsets=offsets)
    assert status == 0 and 200 < found["prefault"]["bound"] <= 400, output
    deeper = C.replace("= leaf(1);", "= deeper(1);")
    function = ("__attribute__((noinline)) int deeper(int n)"
                " { volatile char local[200]; local[n] = 2; return leaf(n) + local[1]; }")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "C", deeper)
        status, output, found = bounds(function, more=SECTION, offsets=offsets)
    assert status == 1 and "prefault: " in output and "and there are 400" in output, output
    status, output, _ = bounds(more=SECTION)
    assert status == 1 and "no SITE_TOUCH_BYTES" in output


def test_the_way_to_a_section_must_be_one(bounds):
    said = "section creation from thread_trampoline thread_begin leaf size STACK_BYTES : the way\n"
    status, output, found = bounds(more=said)
    assert status == 0 and [name for name, _ in found["creation"]["path"]] == [
        "thread_trampoline", "thread_begin", "leaf"], output
    status, output, _ = bounds(more=said.replace("thread_begin leaf", "leaf"))
    assert status == 1 and "thread_trampoline does not call leaf" in output


def test_measured_marks_stand_beside_the_bounds(bounds, tmp_path):
    kernel = tmp_path / "build" / "release" / "kernel.elf"
    _, output, _ = bounds()
    assert "has run no suite yet" in output
    kernel.write_text("one")
    marks.record(str(kernel), {"interrupt": (123, 4096), "thread main": (77, 4096)})
    marks.record(str(kernel), {"interrupt": (99, 4096), "thread idle": (88, 4096)})
    _, output, _ = bounds()
    assert "measured in 2 runs" in output and "interrupt            123" in output, output
    assert "thread                88" in output
    kernel.write_text("another")
    assert "has run no suite yet" in bounds()[1]


def test_functions_without_a_call_graph_are_refused(bounds, tmp_path):
    bounds()
    os.unlink(tmp_path / "build" / "release" / "obj" / "main.ci")
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "build", "stack_bounds.py"),
                           "--annotations", "said", "--root", ".", "build/release"], cwd=tmp_path,
                          text=True, check=False, stdout=subprocess.PIPE)
    assert done.returncode == 1 and "wrote no call graph" in done.stdout


FRED_ENTRY = """extern stack_fault_fred, entry_nmi, entry_debug, entry_machine_check, entry_double_fault
extern entry_thread
section .text
fred_entry_kernel:
%rep 16
    push rax
%endrep
    call stack_fault_fred
    call entry_interrupt
    call entry_nmi
    call entry_debug
    call entry_machine_check
    call entry_double_fault
    call entry_thread
    add rsp, 128
    ud2
"""
FRED_HANDLERS = ("stack_fault_fred", "entry_nmi", "entry_debug", "entry_machine_check",
                 "entry_double_fault", "entry_thread")


def test_events_of_one_fred_level_add_up(bounds, monkeypatch):
    monkeypatch.setitem(globals(), "ENTRY", ENTRY + FRED_ENTRY)
    handlers = "".join(f"void {name}(int n) {{ volatile int sum = leaf(n); (void)sum; }}\n"
                       for name in FRED_HANDLERS)
    offsets = OFFSETS.replace("AREA_BYTES 1000", "AREA_BYTES 2000") + "%define FRED_FRAME_BYTES 64\n"
    status, output, found = bounds(handlers, offsets=offsets, more=(
        "assembly entry.asm:fred_entry_kernel 128 calls entry_interrupt "
        + " ".join(FRED_HANDLERS) + "\n"))
    assert status == 0, output
    one, two, three = (found[f"fred-level-{level}"]["ordinary"] for level in (1, 2, 3))
    assert one == three and 2 * (one - 14 * 64) < two - 14 * 64
    assert two - one == 2 * (one - 14 * 64)
    assert found["fred-level-1"]["limit"] == 3 * 2000
    assert found["interrupt"]["limit"] == 2000
