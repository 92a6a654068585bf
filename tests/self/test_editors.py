"""What editors are told: compile_commands.json by `make compdb`, and VS Code's files."""

import json
import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

import compdb
import pytest
import tree
from conftest import ROOT
from runner.paths import Paths

def make(*goals, directory=ROOT):
    return subprocess.run(["make", "--no-print-directory", *goals], cwd=directory,
                          env=Paths.make_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


@pytest.fixture(name="database", scope="module")
def database_of_the_tree():
    done = make("compdb")
    assert done.returncode == 0, done.stdout
    with open(os.path.join(ROOT, "compile_commands.json"), encoding="utf-8") as file:
        return json.load(file)


def test_every_c_file_stands_there_once(database):
    names = [entry["file"] for entry in database]
    assert sorted(names) == tree.files(ROOT, ".c")


def test_recorded_commands_compile_their_files(database):
    def compile_one(entry):
        assert entry["directory"] == ROOT
        words = entry["arguments"]
        at = words.index("-o")
        command = [*words[:at], *words[at + 2:], "-fsyntax-only", "-Werror"]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, text=True)
        return done.returncode, f"{shlex.join(command)}\n{done.stdout}"

    with ThreadPoolExecutor(max_workers=2) as pool:
        for status, text in pool.map(compile_one, one_of_each_kind(database)):
            assert status == 0, text


def one_of_each_kind(database):
    """One file of each folder and set of flags; the build compiles the others with the same."""
    kinds = {}
    for entry in database:
        flags = [word for word in entry["arguments"] if word not in (entry["file"], entry["output"])]
        kinds.setdefault((os.path.dirname(entry["file"]), *flags), entry)
    return kinds.values()


def test_each_header_that_is_generated_is_there(database):
    """An editor opens any file, and in a fresh tree nothing else makes what the files include."""
    assert database
    for name in tree.files(ROOT, ".c", ".h"):
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            for header in re.findall(r'^#include "([^"]*)"', file.read(), re.MULTILINE):
                assert any(os.path.exists(os.path.join(ROOT, folder, header))
                           for folder in ("", "build/include", os.path.dirname(name))), f"{name} includes {header}"


def test_what_compdb_writes_is_no_source(database):
    assert database
    with open(os.path.join(ROOT, ".gitignore"), encoding="utf-8") as file:
        assert "/compile_commands.json" in file.read().splitlines()
    assert "compile_commands.json" not in tree.files(ROOT)


def test_only_compilations_of_one_file_are_taken():
    lines = ["mkdir -p build", "gcc -DTEXT='a b' -MMD -MT x.o -c -o x.o x.c", "gcc -o unit x.o y.o",
             "gcc -DOTHER -c -o other/x.o x.c", "printf '%s' unbalanced'", "nasm -o z.o z.asm",
             "gcc -fcallgraph-info=su -S -o offsets.s offsets.c"]
    made = compdb.entries(lines, "/tree")
    assert [entry["file"] for entry in made] == ["x.c", "offsets.c"]
    assert made[0]["arguments"] == ["gcc", "-DTEXT=a b", "-c", "-o", "x.o", "x.c"]
    assert made[1] == {"directory": "/tree", "file": "offsets.c", "output": "offsets.s",
                       "arguments": ["gcc", "-S", "-o", "offsets.s", "offsets.c"]}


def test_vs_code_files_are_json_and_name_what_is_there():
    read = {}
    for name in ("launch", "tasks"):
        with open(os.path.join(ROOT, ".vscode", f"{name}.json"), encoding="utf-8") as file:
            read[name] = json.load(file)
    tasks = {task["label"]: task["command"] for task in read["tasks"]["tasks"]}
    programs = set()
    for configuration in read["launch"]["configurations"]:
        assert configuration.get("preLaunchTask", "make") in tasks
        program = configuration["program"].replace("${workspaceFolder}/", "")
        programs.add(program)
    for goals in [programs, *(command.split()[1:] for command in tasks.values())]:
        done = make("-n", *goals)
        assert done.returncode == 0, done.stdout


def test_vs_code_waits_for_what_make_debug_says():
    with open(os.path.join(ROOT, ".vscode", "tasks.json"), encoding="utf-8") as file:
        tasks = json.load(file)["tasks"]
    said = make("-n", "debug-ready").stdout
    for task in tasks:
        if task.get("isBackground"):
            pattern = task["problemMatcher"]["background"]["endsPattern"]
            assert pattern.lstrip("^") in said
