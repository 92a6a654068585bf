"""The whole command against a fake tree, the ELF reader, fake Bochs, progress."""

import io
import os
import subprocess
import sys

import pytest
from conftest import ROOT
from outputs import GOOD, IDS
from runner import boot, elf, main, systems
from runner.bochs import Bochs, ENDED
from runner.progress import Progress
from runner.result import Group
from runner.row import Row


@pytest.fixture(name="kernel")
def fixture_kernel(tmp_path):
    """A function that makes an ELF file whose table has these tests."""
    def make(ids, path=None):
        path = path or tmp_path / "kernel.elf"
        path.parent.mkdir(parents=True, exist_ok=True)
        source = tmp_path / "kernel.c"
        source.write_text("".join(f"int test_entry_{test_id}_ALWAYS = 1;\n" for test_id in ids)
                          + "int spin(void) { for (;;) { } }\n")
        subprocess.run(["gcc", "-nostdlib", "-static", "-e", "spin", "-o", str(path),
                        str(source)], check=True)
        return str(path)
    return make


def test_elf_gives_the_tests(kernel):
    assert elf.test_ids(kernel(["BBB0001", "AAA0001"])) == ["AAA0001", "BBB0001"]
    assert elf.test_ids(kernel([])) == []


def test_elf_names_functions(kernel):
    path = kernel(IDS)
    spin = next(address for name, address, _ in elf.symbols(path) if name == "spin")
    assert elf.function_at(path, spin + 1) == "spin+0x1"
    assert elf.function_at(path, spin + 0x1000) is None


def test_what_is_no_elf_is_refused(tmp_path):
    (tmp_path / "x").write_text("nothing")
    with pytest.raises(elf.ElfError):
        elf.test_ids(str(tmp_path / "x"))


class FakeTree:
    """A root with a Makefile, exemptions, and a kernel with IDS."""

    def __init__(self, root, kernel, monkeypatch):
        self.root = root
        (root / "Makefile").write_text("%:\n\t@true\n")
        (root / "tests").mkdir()
        (root / "tests" / "exemptions").write_text("# none\n")
        (root / "docs").mkdir()
        (root / "docs" / "systems.md").write_text(
            "\n".join(f"| {row} | what | | open | | | | |" for row in systems.ROWS))
        kernel(IDS, root / "build" / "release" / "kernel.elf")
        self._environment = monkeypatch
        self.emulate()

    def emulate(self, output=GOOD, status=33):
        program = self.root / "fake"
        program.write_text(f"#!{sys.executable}\nimport os, sys\n"
                           f"os.write(1, {output.encode()!r})\nsys.exit({status})\n")
        program.chmod(0o755)
        self._environment.setenv("QEMU", str(program))

    def run(self, *arguments, rows=(Row("one"), Row("two"))):
        return main.main(["--row", "*o*", *arguments], str(self.root), rows)


@pytest.fixture(name="fake_tree")
def fixture_fake_tree(tmp_path, kernel, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(main, "HOST_GROUPS", ())
    root = tmp_path / "tree"
    root.mkdir()
    return FakeTree(root, kernel, monkeypatch)


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_whole_run_passes(fake_tree, capsys):
    assert fake_tree.run() == 0
    assert last_line(capsys) == "8 passed, 0 failed"
    assert (fake_tree.root / "build" / "test-results.xml").exists()
    assert "KTAP version 1" in (fake_tree.root / "build/test/one/serial.log").read_text()


def test_whole_run_fails(fake_tree, capsys):
    fake_tree.emulate(GOOD, 0)
    assert fake_tree.run() == 1
    assert last_line(capsys) == "6 passed, 2 failed"


@pytest.mark.parametrize("arguments, wanted", [([], True), (["--quick"], False)])
def test_a_quick_run_computes_no_stack_bounds(fake_tree, arguments, wanted, capsys):
    (fake_tree.root / "Makefile").write_text("%: FORCE\n\t@echo $@ >>goals\nFORCE:\n")
    stale = fake_tree.root / "build/release/stack-bounds.json"
    stale.write_text('{"interrupt": {"entry": true, "ordinary": 1}}')
    assert fake_tree.run(*arguments, rows=(Row("one", quick=True),)) == int(wanted)
    goals = (fake_tree.root / "goals").read_text()
    assert "kernel.elf" in goals and ("stack-bounds.json" in goals) == wanted
    assert ("no marks of its stacks" in capsys.readouterr().out) == wanted


def test_a_row_of_another_compiler_is_built_by_it_in_a_copy(fake_tree, capsys):
    root = fake_tree.root
    (root / "build/release/kernel.elf").rename(root / "kernel")
    (root / "Makefile").write_text("%.elf: FORCE\n\tmkdir -p $(@D)\n\tcp kernel $@\n\techo $(CC) >cc\n"
                                     "build/boot.tar:\n\t@true\nFORCE:\n")
    (root / "old.c").write_text("")
    row = Row("one", compiler="sh")
    assert fake_tree.run(rows=(row,)) == 0
    copy = root / "build/compiler/sh"
    assert (copy / "cc").read_text() == "sh\n" and (copy / "old.c").exists()
    assert not (root / "build/release/kernel.elf").exists(), "the tree's own kernel is not touched"
    (root / "old.c").unlink()
    assert fake_tree.run(rows=(row,)) == 0 and not (copy / "old.c").exists()
    capsys.readouterr()
    assert fake_tree.run(rows=(Row("one", compiler="no-such-compiler"),)) == 0
    assert capsys.readouterr().out.endswith("0 passed, 0 failed, 1 skipped\n")


def test_as_many_at_a_time_as_asked_for(fake_tree):
    (fake_tree.root / "Makefile").write_text("%: FORCE\n\t@echo '$(MAKEFLAGS)' >>flags\nFORCE:\n")
    assert fake_tree.run("--jobs", "7") == 0
    assert "-j7" in (fake_tree.root / "flags").read_text()


def test_full_run_checks_the_exemptions(fake_tree, capsys):
    (fake_tree.root / "tests" / "exemptions").write_text("one CCC0001 there is no such test\n")
    assert main.main([], str(fake_tree.root), (Row("one"),)) == 1
    output = capsys.readouterr().out
    assert "no test matches 'CCC0001'" in output
    assert output.splitlines()[-1] == "5 passed, 1 failed"  # docs/systems.md is one of them


def test_full_run_holds_the_table_of_capabilities_against_what_ran(fake_tree, capsys):
    document = fake_tree.root / "docs" / "systems.md"
    document.write_text(document.read_text().replace("| open | |", "| done | XXX0001 |", 1))
    assert main.main([], str(fake_tree.root), (Row("one"),)) == 1
    assert "A1: XXX0001 did not run and pass" in capsys.readouterr().out


def test_selection_of_tests_reaches_kernel_and_judge(fake_tree, capsys):
    fake_tree.run("--test", "AAA*")
    assert "BBB0001 reported" in capsys.readouterr().out
    command = (fake_tree.root / "build/test/one/command").read_text()
    assert "test=AAA* exit=1" in command


def test_failing_build_fails_its_rows_and_no_others(fake_tree, capsys):
    (fake_tree.root / "Makefile").write_text(
        ".PHONY: build/O0/kernel.elf\nbuild/O0/kernel.elf:\n\t@echo no compiler; exit 1\n"
        "%:\n\t@true\n")
    assert fake_tree.run(rows=(Row("one"), Row("two", build="O0"))) == 1
    output = capsys.readouterr().out
    assert "no compiler" in output and "there is no O0 kernel" in output
    assert output.splitlines()[-1] == "4 passed, 2 failed"


def test_a_list_that_nobody_reads_to_its_end_is_no_error():
    """`tests/run --list | head` prints no more than head does, however fast head is gone."""
    end, pipe = os.pipe()
    os.close(end)
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "run"), "--list"], stdout=pipe,
                          stderr=subprocess.PIPE, text=True, check=False)
    os.close(pipe)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_row_is_an_error(fake_tree, capsys):
    assert fake_tree.run(rows=(Row("x"),)) == 2
    assert "no row matches" in capsys.readouterr().err


def test_two_rows_of_one_name_are_refused(fake_tree):
    with pytest.raises(AssertionError):
        fake_tree.run(rows=(Row("one"), Row("one")))


FAKE_BOCHS = """#!{python}
import re, sys
text = open(sys.argv[sys.argv.index("-f") + 1]).read()
open(re.search(r'com1:.*dev="(.*)"', text).group(1), "wb").write({output!r})
open(re.search(r'log: "(.*)"', text).group(1), "w").write({log!r})
sys.exit({status})
"""


@pytest.mark.parametrize("output, log, failures", [
    (GOOD, f"0001i[UNMAP] {ENDED}\n", 0),
    (GOOD, "0001e[CPU0] 3rd (13) exception with no resolution\n", 1),
    (GOOD[:60], f"0001i[UNMAP] {ENDED}\n", 4),
    ("", "", 4),
])
def test_bochs_is_judged_by_ktap_and_shutdown_port(fake_paths, tmp_path, output, log, failures):
    paths = fake_paths(b"")
    program = tmp_path / "fake-bochs"
    program.write_text(FAKE_BOCHS.format(python=sys.executable, output=output.encode(), log=log,
                                         status=1))
    program.chmod(0o755)
    paths.bochs = str(program)
    row = Row("bochs", emulator="bochs", boot="bios-cd")
    assert boot.run(row, Bochs(row, paths), IDS).count("failed") == failures


def test_progress_without_terminal_is_plain():
    stream = io.StringIO()
    progress = Progress(stream)
    progress.started("row")
    progress.update("row", "1/3")
    group = Group("row")
    group.add("a", "failed", "\n".join(str(number) for number in range(100)))
    progress.finished(group)
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("row: started") and lines[1].startswith("FAIL  row: 0 passed, 1 fail")
    assert lines[2:4] == ["FAILED row: a", "    0"] and len(lines) < 20, "what failed, cut short"
    assert "\x1b" not in stream.getvalue()


def test_progress_on_a_terminal_redraws_in_colour():
    stream = io.StringIO()
    stream.isatty = lambda: True
    progress = Progress(stream)
    progress.started("row")
    progress.finished(Group("row"))
    assert "\x1b[1A" in stream.getvalue() and "\x1b[31mFAIL" in stream.getvalue()


def test_kernel_is_required(fake_tree, capsys):
    os.unlink(fake_tree.root / "build/release/kernel.elf")
    assert fake_tree.run() == 1
    assert "FileNotFoundError" in capsys.readouterr().out
