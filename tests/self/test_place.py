"""The build works wherever the tree lies, whoever owns it, and whatever the environment says."""

import os
import re
import shutil
import socket
import subprocess
import sys

import pytest
from conftest import ROOT, copy_tree, make

# Goals whose commands show every word of the Makefile, and the words that `make help` does not list.
GOALS = ("build/release/kernel.lst", "iso", "run-ready", "debug-ready", "gdb", "bench-ready", "bochs",
         "bochs-fault", "test", "test-quick", "test-in", "soak", "mutants", "host-test")
WORD = re.compile(r"^  ([A-Z0-9_]+)=", re.MULTILINE)
MORE_WORDS = ("CC", "LD", "NASM", "CROSS_COMPILE", "HOST_CC", "HOST_CFLAGS", "HOST_TESTS", "PYTHON",
              "QEMU", "BENCH", "SECONDS", "SEED", "STACK", "SOAK_DOMAINS", "SOAK_OPTIONS", "MUTANTS",
              "THIRD", "HOST", "ARCH", "OVMF", "BOCHS_CPU", "BOCHS_MEM", "BOCHS_SMP")


def test_words_come_from_the_command_line_alone(built):
    words = {*WORD.findall(make(built, "help")), *MORE_WORDS}
    assert {"CPU", "MACHINE", "CI", "CFLAGS", "TESTS"} <= words
    plain = make(built, "-n", *GOALS)
    assert make(built, "-n", *GOALS, **dict.fromkeys(words, "x86_64")) == plain
    assert "-cpu 'x86_64'" in make(built, "-n", "run-ready", "CPU=x86_64")


@pytest.mark.parametrize("word, needed, goal", [
    ("CFLAGS", "-ffreestanding", "build/release/obj/lib/string.o"),
    ("LDFLAGS", "-nostdlib", "build/release/first.elf"),
    ("NASMFLAGS", "-f elf64", "build/release/obj/boot/start.asm.o"),
    ("HOST_CFLAGS", "-fsanitize=address", "build/host/lib/number.o"),
])
def test_flags_are_added_and_replace_none(built, word, needed, goal):
    said = make(built, "-n", "-B", goal, f"{word}=-DMORE")
    lines = [line for line in said.splitlines() if f" -o {goal} " in f"{line} "]
    assert lines and all(needed in line and "-DMORE" in line for line in lines), lines
    if word == "CFLAGS":
        assert re.search(r" -O2 .*-DMORE", lines[-1]), "the user's flags win"


def test_the_runner_builds_with_the_words_it_was_given(built):
    said = make(built, "-n", "test-quick", "CC=clang", "CFLAGS=-g -DA='b'")
    assert "--make 'CC=clang'" in said and r"--make 'CFLAGS=-g -DA='\''b'\''" in said


def path_without(tmp_path, *names):
    """A directory for PATH with all that /usr/bin has but these."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in os.listdir("/usr/bin"):
        if name not in names:
            os.symlink(f"/usr/bin/{name}", directory / name)
    return str(directory)


@pytest.mark.parametrize("goal, command, package", [
    ("gdb", "gdb", "gdb"), ("run-ready", "qemu-system-x86_64", "qemu-system-x86"),
    ("bench-ready", "qemu-system-x86_64", "qemu-system-x86"), ("bochs", "bochs", "bochs"),
    ("test-quick", "qemu-system-x86_64", "qemu-system-x86"), ("model", "spin", "spin"),
    ("build/release/flags", "nasm", "nasm"), ("bench-report-ready", "gnuplot", "gnuplot-nox"),
])
def test_a_target_says_which_package_it_misses(built, tmp_path, goal, command, package):
    said = make(built, goal, wanted_status=2, PATH=path_without(tmp_path, command))
    assert f"{command} is missing. Debian has it in the package {package}: apt-get" in said


def test_uefi_needs_ovmf(built):
    said = make(built, "-n", "run", "run-ready", "FIRMWARE=uefi")
    assert re.search(r"^tools/setup run /\S+/OVMF.fd$", said, re.MULTILINE)
    assert re.search(r"^tools/need qemu-system-x86_64 /\S+/OVMF.fd$", said, re.MULTILINE)
    said = make(built, "run-ready", "FIRMWARE=uefi", "OVMF=/none/OVMF.fd", wanted_status=2)
    assert "/none/OVMF.fd is missing" in said


def test_each_debugger_has_a_port_of_its_own(built, tmp_path):
    qemu = tmp_path / "qemu"
    qemu.write_text('#!/bin/sh\necho "started: $*"\n')
    qemu.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said = make(built, "debug-ready", f"QEMU={qemu}", f"GDB_PORT={port}")
    assert "started: " in said and f" -gdb tcp:127.0.0.1:{port} -S" in said
    assert f"target remote 127.0.0.1:{port}" in make(built, "-n", "gdb")
    assert "target remote 127.0.0.1:99" in make(built, "-n", "gdb", "GDB_PORT=99")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = make(built, "debug-ready", f"QEMU={qemu}", f"GDB_PORT={port}", wanted_status=2)
    assert "started" not in said and "GDB_PORT=N" in said


def test_clean_and_another_goal_are_made_in_order(tmp_path):
    copy_tree(tmp_path)
    goal = "build/release/obj/lib/string.o"
    make(tmp_path, goal)
    (tmp_path / "build" / "old").write_text("")
    make(tmp_path, "-j4", "clean", goal)
    assert (tmp_path / goal).exists() and not (tmp_path / "build" / "old").exists()
    make(tmp_path, "-j4", goal, "clean")
    assert not (tmp_path / "build").exists()


def listed(root, **environment):
    """The sources as the checks find them below a root."""
    program = "import sys, tree; print(tree.files(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", program, root],
                          cwd=os.path.join(ROOT, "tools", "check"),
                          env={**os.environ, **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout


def git(*arguments):
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x", *arguments], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is missing")


@needs_git
def test_the_sources_are_found_with_git_and_without(tmp_path):
    root = str(tmp_path / "tree")
    copy_tree(tmp_path / "tree")
    for made in ("build/x.c", "lib/__pycache__/x.py", "compile_commands.json"):
        path = tmp_path / "tree" / made
        path.parent.mkdir(exist_ok=True)
        path.write_text("made\n")
    archive = listed(root)
    assert "lib/string.c" in archive and "build/x.c" not in archive
    git("init", root)
    git("-C", root, "add", ".")
    assert listed(root) == archive
    assert listed(root, PATH=path_without(tmp_path, "git")) == archive, "git is not installed"
    assert listed(root, GIT_TEST_ASSUME_DIFFERENT_OWNER="1") == archive, "another user's tree"


@needs_git
def test_a_clone_has_no_carriage_returns(tmp_path):
    copy_tree(tmp_path / "tree")
    git("init", str(tmp_path / "tree"))
    git("-C", str(tmp_path / "tree"), "add", ".")
    git("-C", str(tmp_path / "tree"), "commit", "-m", "all")
    git("clone", "-c", "core.autocrlf=true", str(tmp_path / "tree"), str(tmp_path / "clone"))
    for path in (tmp_path / "clone").rglob("*"):
        if path.is_file() and ".git" not in path.parts and path.suffix != ".png":
            assert b"\r\n" not in path.read_bytes(), path
    assert "make kernel " in make(tmp_path / "clone", "help")
