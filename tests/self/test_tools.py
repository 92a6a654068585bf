"""The tools of the build: the symbol table, the set-up, the doctor and the ISO's command line."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
import symbols
from conftest import ROOT

NM = """\
0000000000100000 T boot_entry
ffffffff80109000 T __text_start
ffffffff80109000 t first
ffffffff80109010 t local_name
ffffffff80109010 T global_name
ffffffff80109020 t entry.loop
ffffffff80109030 t split.part.0
ffffffff80109040 t split.cold
ffffffff80109050 t last
ffffffff80109080 T __text_end
ffffffff8010a000 R table
"""


def test_functions_are_named_once_and_labels_are_not():
    known, end = symbols.functions(symbols.symbols(NM.splitlines()))
    assert [name for _, name in known] == ["first", "global_name", "split.part.0", "split.cold",
                                           "last"]
    assert end == 0xffffffff80109080


def run_symbols(*arguments, text=""):
    return subprocess.run([sys.executable, os.path.join(ROOT, "tools", "build", "symbols.py"),
                           *arguments],
                          input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)


def test_table_holds_offsets_from_the_first_function():
    text = run_symbols("table", text=NM).stdout
    assert "symbol_table_base: dq 0xffffffff80109000" in text
    assert "symbol_table_count: dd 5" in text
    assert re.findall(r"dd 0x(\w+)", text) == ["0", "10", "30", "40", "50", "80"]


def test_empty_table_is_one_too():
    assert "symbol_table_count: dd 0" in run_symbols("table").stdout


def test_a_function_that_moved_between_the_links_is_an_error(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(NM)
    second.write_text(NM)
    assert run_symbols("check", str(first), str(second)).returncode == 0
    second.write_text(NM.replace("80109050 t last", "80109058 t last"))
    done = run_symbols("check", str(first), str(second))
    assert done.returncode == 1
    assert "last" in done.stderr


def test_bochs_gets_a_programs_names_behind_its_own():
    kernel, user = run_symbols("bochs", text=NM).stdout, run_symbols("bochs", "shell:", text=NM).stdout
    assert "\nffffffff80109010 global_name\n" in kernel
    assert "\nffffffff80109010 shell:global_name\n" in user
    assert [line.replace("shell:", "") for line in user.splitlines()] == kernel.splitlines()


def fake_commands(directory, *names, text="#!/bin/sh\nexit 0\n"):
    for name in names:
        path = directory / name
        path.write_text(text)
        path.chmod(0o755)


def run_tool(name, path, *arguments, **environment):
    return subprocess.run(["/bin/bash", os.path.join(ROOT, "tools", name), *arguments],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          env={"PATH": str(path), **environment})


@pytest.fixture(name="bare")
def bare_machine(tmp_path):
    """A directory for PATH with the few commands that a fresh machine has."""
    for name in ("dirname", "cut", "sort", "tr", "basename", "mktemp", "rm", "sed", "head", "env",
                 "sh", "bash"):
        os.symlink(f"/usr/bin/{name}", tmp_path / name)
    return tmp_path


def test_setup_prints_the_command_if_it_may_not_run_it(bare):
    fake_commands(bare, "apt-get")
    fake_commands(bare, "id", text="#!/bin/sh\necho 1000\n")
    done = run_tool("setup", bare, "run")
    assert done.returncode == 1
    assert "su -c 'apt-get update && apt-get install" in done.stdout
    assert re.search(r"nasm +\(nasm\) without it: the assembly", done.stdout)
    assert "bochs" not in done.stdout, "asked for tests only"


def test_setup_runs_the_command_as_root_and_looks_again(bare):
    fake_commands(bare, "apt-get", text='#!/bin/sh\necho "ran $0 $*"\n')
    fake_commands(bare, "id", text="#!/bin/sh\necho 0\n")
    done = run_tool("setup", bare, "run")
    assert "apt-get update\n" in done.stdout
    assert re.search(r"ran .*apt-get install .*nasm", done.stdout)
    assert "still missing" in done.stdout
    assert done.returncode == 1


def test_setup_elsewhere_than_debian_names_what_is_missing(bare):
    done = run_tool("setup", bare, "run")
    assert done.returncode == 1
    assert "no Debian" in done.stdout


def test_doctor_says_what_fails_without_each_tool(bare):
    fake_commands(bare, "nasm", text='#!/bin/sh\necho "NASM version 9.8.7 compiled"\n')
    done = run_tool("doctor", bare)
    assert done.returncode == 1
    assert re.search(r"^ok +build +nasm +9\.8\.7 +nasm", done.stdout, re.MULTILINE)
    assert re.search(r"^NO +build +xorriso +MISSING +xorriso +no ISO", done.stdout, re.MULTILINE)


def test_doctor_names_pitfalls_and_only_those_that_are_there(bare):
    assert "Mind: " not in run_tool("doctor", bare).stdout.replace("Mind: Python is older", "")
    fake_commands(bare, "uname", text="#!/bin/sh\necho aarch64\n")
    fake_commands(bare, "df", text="#!/bin/sh\necho head\necho /dev/x 100 90 10 90% /\n")
    fake_commands(bare, "bwrap", text="#!/bin/sh\nexit 1\n")
    told = run_tool("doctor", bare, TMPDIR="/tmp/" + "x" * 80).stdout
    for part in ("is aarch64: a cross compiler", "less than 2 GB", "TMPDIR is so long", "may not make a sandbox"):
        assert part in told


@pytest.mark.parametrize("name, text, told", [
    ("gdb", "echo 'GNU gdb (Debian 11.2-1) 11.2'", "gdb is older than 12"),
    ("make", "echo 'GNU Make 3.81'", "make is older than 4.0"),
    ("find", "echo Makefile", "times to come"),
    ("bochs", "exit 0", "there is no display"),
    ("uname", "echo Darwin", "this is no Debian")])
def test_doctor_names_what_is_too_old_or_elsewhere(bare, name, text, told):
    assert told not in run_tool("doctor", bare).stdout
    fake_commands(bare, name, text=f"#!/bin/sh\n{text}\n")
    assert told in run_tool("doctor", bare).stdout


def test_doctor_names_the_port_of_a_debugger_that_is_taken(bare):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port} is taken" in run_tool("doctor", bare, GDB_PORT=port).stdout
    assert "is taken" not in run_tool("doctor", bare, GDB_PORT=port).stdout


def test_macos_has_its_python_from_the_path_and_an_old_make_is_refused(bare):
    fake_commands(bare, "uname", text="#!/bin/sh\necho Darwin\n")
    fake_commands(bare, "python3", text="#!/bin/sh\necho Python 9.8.7\n")
    assert re.search(r"^ok +build +python3 +9\.8\.7 ", run_tool("doctor", bare).stdout, re.MULTILINE)
    done = subprocess.run(["make", "-C", ROOT, "-n", "help", "MAKE_VERSION=3.81"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode and "brew install make" in done.stdout


def test_another_processor_needs_the_cross_compiler_by_its_package(bare):
    fake_commands(bare, "uname", text="#!/bin/sh\necho aarch64\n")
    fake_commands(bare, "gcc", "ld", text="#!/bin/sh\necho aarch64-linux-gnu\n")
    fake_commands(bare, "apt-get")
    fake_commands(bare, "id", text="#!/bin/sh\necho 1000\n")
    told = run_tool("doctor", bare).stdout
    assert re.search(r"^NO +build +x86_64-linux-gnu-gcc +MISSING +gcc-x86-64-linux-gnu ", told, re.MULTILINE), told
    assert re.search(r"apt-get install .* binutils-x86-64-linux-gnu .*gcc-x86-64-linux-gnu ", told)
    assert " gcc-x86-64-linux-gnu " in run_tool("setup", bare, "run").stdout
    fake_commands(bare, "x86_64-linux-gnu-gcc", "x86_64-linux-gnu-ld", text='#!/bin/sh\necho "gcc (Debian) 9.8.7"\n')
    told = run_tool("doctor", bare).stdout
    assert re.search(r"^ok +build +x86_64-linux-gnu-gcc +9\.8\.7 +gcc-x86-64-linux-gnu ", told, re.MULTILINE), told
    assert "cross compiler is needed" not in told


def test_doctor_names_the_compiler_that_make_toolchain_made(bare, tmp_path):
    made = tmp_path / "own" / "bin"
    made.mkdir(parents=True)
    fake_commands(made, "x86_64-elf-gcc", text='#!/bin/sh\necho "x86_64-elf-gcc (GCC) 9.8.7"\n')
    assert "make toolchain" not in run_tool("doctor", bare).stdout
    told = run_tool("doctor", bare, TOOLCHAIN=str(made.parent)).stdout
    assert f"GCC 9.8.7 of `make toolchain` is in {made}: make CROSS_COMPILE={made}/x86_64-elf-" in told
    told = run_tool("doctor", bare, TOOLCHAIN=str(made.parent), CROSS_COMPILE=f"{made}/x86_64-elf-").stdout
    assert "of `make toolchain`" not in told


def test_toolchain_says_what_it_lacks(bare):
    """The tools that build it are there or named, and so are its sources, before anything is unpacked."""
    os.symlink("/usr/bin/mkdir", bare / "mkdir")
    for name in ("ls", "tail", "nproc"):
        os.symlink(f"/usr/bin/{name}", bare / name)
    sources = bare / "sources"
    sources.mkdir()

    def told():
        return run_tool("build/toolchain", bare, str(bare / "to"), SOURCES=str(sources)).stdout
    if not os.path.exists("/usr/src/gcc-12") and not os.path.exists("/usr/src/gcc-14"):
        assert "there is no apt here" in told()
    for name in ("binutils-9.9.tar.xz", "gcc-99.9.tar.xz"):
        (sources / name).write_text("")
    assert "there is no make: apt-get install" in told()
    fake_commands(bare, "make", "patch", "bison", "flex")
    fake_commands(bare, "gcc", text="#!/bin/sh\nexit 1\n")
    assert "libgmp-dev" in told()
    fake_commands(bare, "gcc")
    assert "tar: command not found" in told()


def test_toolchain_that_is_ended_leaves_nothing_at_work(tmp_path):
    """A script below the script that is run is ended as well, so a second call does not meet it."""
    for name in ("binutils-9.9", "gcc-99.9"):
        folder = tmp_path / "sources" / name
        folder.mkdir(parents=True)
        (folder / "configure").write_text("#!/bin/sh\nsh -c 'sleep 600; :'\n:\n")
        (folder / "configure").chmod(0o755)
        subprocess.run(["tar", "-cJf", f"{folder}.tar.xz", "-C", folder.parent, name], check=True)
    own = tmp_path / "own"
    own.mkdir()
    fake_commands(own, "make", "patch", "bison", "flex", "gcc")
    with subprocess.Popen([os.path.join(ROOT, "tools", "build", "toolchain"), str(tmp_path / "to")], stdout=subprocess.PIPE,
                          env={**os.environ, "PATH": f"{own}:{os.environ['PATH']}", "SOURCES": str(tmp_path / "sources"),
                               "CC": "gcc"}) as running:
        place = str(tmp_path / "to.build" / "build-binutils")
        deadline = time.monotonic() + 120
        while not at_work(place, "sleep") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert at_work(place, "sleep")
        running.terminate()
        assert running.wait(120) == 130
    while at_work(place) and time.monotonic() < deadline:
        time.sleep(0.1)
    left = at_work(place)
    for process in left:
        os.kill(process, signal.SIGKILL)
    assert left == []


def test_toolchain_does_again_what_was_taken_away(tmp_path):
    """A step counts as done only while the directory that it was done in is there."""
    for name in ("binutils-9.9", "gcc-99.9"):
        folder = tmp_path / "sources" / name
        folder.mkdir(parents=True)
        (folder / "configure").write_text("#!/bin/sh\n")
        (folder / "configure").chmod(0o755)
        subprocess.run(["tar", "-cJf", f"{folder}.tar.xz", "-C", folder.parent, name], check=True)
    own = tmp_path / "own"
    own.mkdir()
    fake_commands(own, "patch", "bison", "flex", "gcc")
    fake_commands(own, "make", text="#!/bin/sh\nexit 1\n")

    def told():
        return subprocess.run([os.path.join(ROOT, "tools", "build", "toolchain"), str(tmp_path / "to")],
                              env={**os.environ, "PATH": f"{own}:{os.environ['PATH']}", "CC": "gcc",
                                   "SOURCES": str(tmp_path / "sources")},
                              check=False, capture_output=True, text=True).stdout
    assert "done before" not in told()
    assert "[1/8] binutils: configure: done before" in told()
    shutil.rmtree(tmp_path / "to.build" / "build-binutils")
    assert "done before" not in told()


def at_work(folder, name=""):
    """Returns the processes, of some name, that work in a folder."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/comm", encoding="utf-8") as file:
                if os.readlink(f"/proc/{process}/cwd") == folder and name in file.read():
                    found.append(int(process))
        except OSError:  # it has ended meanwhile, or is another user's
            continue
    return found


def test_the_container_has_every_package_that_a_test_needs():
    with open(os.path.join(ROOT, "tools", "container", "Containerfile"), encoding="utf-8") as file:
        installed = set(file.read().replace("\\\n", " ").split())
    with open(os.path.join(ROOT, "tools", "tools.list"), encoding="utf-8") as file:
        lines = [line.split() for line in file if line[0] not in "#\n"]
    needed = {package for need, _, packages, *_ in lines if need != "extra" for package in packages.split(",")}
    assert needed <= installed


@pytest.mark.parametrize("name", ["doctor", "setup"])
def test_no_temporary_file_is_needed(bare, name):
    done = run_tool(name, bare, "run", TMPDIR="/nonexistent")
    assert done.returncode == 1 and "Missing" in done.stdout, done.stdout
    assert "No such file" not in done.stdout


def test_setup_and_need_name_the_package_of_what_is_asked_for(bare):
    done = run_tool("setup", bare, "none", "gdb", "python:pexpect")
    assert re.search(r"gdb +\(gdb\) without it: ", done.stdout), done.stdout
    assert "nasm" not in done.stdout
    done = run_tool("need", bare, "sed", "bochs", "cross:ld", "my-own-emulator")
    assert done.returncode == 1
    assert "bochs is missing. Debian has it in the package bochs: apt-get" in done.stdout
    assert "ld is missing. Debian has it in the package binutils" in done.stdout
    assert "my-own-emulator is missing.\n" in done.stdout and "sed" not in done.stdout
    assert run_tool("need", bare, "sed", "sh").returncode == 0


def test_a_compiler_for_another_machine_is_refused_in_words(bare):
    fake_commands(bare, "gcc", "ld", text="#!/bin/sh\necho aarch64-linux-gnu\n")
    done = run_tool("find-compiler", bare)
    assert done.returncode == 1
    assert "aarch64-linux-gnu" in done.stdout
    fake_commands(bare, "x86_64-elf-gcc", "x86_64-elf-ld")
    assert run_tool("find-compiler", bare).stdout == "x86_64-elf-\n"


def test_the_command_line_reaches_grub_quoted(tmp_path):
    kernel = tmp_path / "kernel"
    kernel.write_bytes(b"not a kernel")
    done = subprocess.run([os.path.join(ROOT, "iso", "mkiso"), str(kernel), str(kernel),
                           str(tmp_path / "a.iso"), str(tmp_path / "work"),
                           "test=STK*,A&B $x log=debug"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    image = (tmp_path / "a.iso").read_bytes()
    assert b"kernel.elf.gz 'test=STK*,A&B' '$x' 'log=debug'\n" in image
    assert image.count(b"module2 /boot/boot.tar.gz boot.tar\n") == image.count(b"menuentry \"Stalactite")
    done = subprocess.run([os.path.join(ROOT, "iso", "mkiso"), str(kernel), str(kernel),
                           str(tmp_path / "b.iso"), str(tmp_path / "work"), "it's"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode != 0
    assert "single quote" in done.stdout


def test_an_iso_that_is_too_large_is_refused(tmp_path):
    kernel = tmp_path / "kernel"
    kernel.write_bytes(os.urandom(1000))
    done = subprocess.run([os.path.join(ROOT, "iso", "mkiso"), str(kernel), str(kernel),
                           str(tmp_path / "a.iso"), str(tmp_path / "work")],
                          env={**os.environ, "ISO_MAX_BYTES": "500000"}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode != 0
    assert "must not be larger than 500000" in done.stdout
    assert not (tmp_path / "a.iso").exists()


# What `test-in` needs of a machine, and a machine whose apt has three sources.
TEST_IN = ("bash", "dirname", "mkdir", "grep", "flock", "cat", "rm")
APT_GET = """#!/bin/sh
echo "http://mirror/debian/ Debian"
echo "http://mirror/debian/ Debian"
echo "http://elsewhere/ Tools"
echo "http://mirror/security/ Debian-Security"
"""
APT_CONFIG = """#!/bin/sh
echo 'Acquire::http::Proxy "http://proxy:3128";'
echo 'Acquire::Languages "none";'
"""


@pytest.fixture(name="machine")
def machine_for_test_in(tmp_path):
    """Runs test-in on a machine where root changed nothing yet: mmdebstrap says what it is given."""
    path = tmp_path / "bin"
    path.mkdir()
    for name in TEST_IN:
        os.symlink(f"/usr/bin/{name}", path / name)
    fake_commands(path, "git", "unshare")
    fake_commands(path, "id", text="#!/bin/sh\necho 0\n")
    fake_commands(path, "apt-get", text=APT_GET)
    fake_commands(path, "apt-config", text=APT_CONFIG)
    fake_commands(path, "mmdebstrap", text='#!/bin/sh\necho "$@"\ncat\nexit 1\n')

    def run(*arguments):
        done = subprocess.run([os.path.join(ROOT, "tools", "build", "test-in"), *arguments],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False,
                              env={"PATH": str(path), "TEST_IN": str(tmp_path / "systems")})
        assert done.returncode == 1
        return done.stdout
    run.path = path
    return run


def test_test_in_makes_a_system_from_the_sources_that_apt_has_here(machine):
    output = machine("trixie", "ROWS=checks")
    assert output.count("deb http") == 2
    assert "deb http://mirror/debian/ trixie main\n" in output
    assert "deb http://mirror/security/ trixie-security main\n" in output
    assert '--aptopt=Acquire::http::Proxy "http://proxy:3128"; trixie ' in output
    assert "Languages" not in output
    assert "test-in: mmdebstrap could not make it" in output


def test_test_in_says_what_it_needs(machine):
    assert "SUITE=trixie" in machine("../etc")
    assert "SUITE=trixie" in machine()
    fake_commands(machine.path, "apt-get")
    assert "no source of Debian's main archive" in machine("trixie")
    fake_commands(machine.path, "id", text="#!/bin/sh\necho 1000\n")
    assert "needs root" in machine("trixie")
    os.remove(machine.path / "mmdebstrap")
    assert "missing here: mmdebstrap. On Debian: apt-get install" in machine("trixie")
