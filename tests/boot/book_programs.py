"""Follows the book's first program and first server to the letter: writes what the chapters show into a copy of
the tree, builds it, and runs it at the shell."""

import os
import re
import shutil
import subprocess

from runner.terminal import Terminal

LEFT_OUT = ("build", ".git")  # of the top folder
CODE = re.compile(r"^( *)```c\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
# The chapter shows a client's lines; this is what a program has around them.
CLIENT = """#include "lib/error.h"
#include "user/counter_protocol.h"
#include "user/lib/print.h"
#include "user/lib/service.h"

int main(unsigned count maybe_unused, char **words maybe_unused)
{
%s
    return 0;
}
"""


def blocks(root, chapter, heading):
    """Returns the blocks of C in a section of a chapter, without their indentation."""
    with open(os.path.join(root, "docs", chapter), encoding="utf-8") as file:
        section = file.read().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [re.sub("^" + indent, "", code, flags=re.MULTILINE) for indent, code in CODE.findall(section)]


def write(root, path, text):
    """Writes a file of the copy."""
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def check_first_steps(start):
    """the book's first program, first server and its client are built as shown, and do what the book says"""
    root = start.paths.root
    copy = os.path.join(start.paths.row_directory(start.row.name), "tree")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root, copy, ignore=lambda folder, _: LEFT_OUT if folder == root else ())
    program, = blocks(root, "user-programs.md", "The first program, step by step")
    protocol, server, client = blocks(root, "shell.md", "Your first server")
    write(copy, "user/greet/main.c", program)
    write(copy, "user/protocol/counter.h", protocol)
    write(copy, "user/counter/main.c", server)
    write(copy, "user/count/main.c", CLIENT % re.sub("^", "    ", client.rstrip(), flags=re.MULTILINE))
    with open(os.path.join(copy, "user/init/init.conf"), "a", encoding="utf-8") as file:
        file.write("server counter counter\n")
    done = subprocess.run(["make", "-C", copy, *start.paths.words, "user", "protocols-page"],
                          env=start.paths.make_environment(), stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    with open(os.path.join(copy, "docs/protocols.md"), encoding="utf-8") as file:
        assert "counter, 1: add" in file.read(), "the reference does not have the protocol"
    terminal = Terminal(start(archive=False, extra=("-initrd", os.path.join(copy, "build/boot.tar"))))
    terminal.prompt()
    assert terminal.ask("greet a b") == "greet: hello from ring 3, with 2 arguments\n"
    assert terminal.ask("count; count") == "the sum is 5\nthe sum is 10\n"
    assert re.search(r"^counter +runs", terminal.ask("service"), re.MULTILINE)
