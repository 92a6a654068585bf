"""Lets the runner's own tests import the tools, and gives them fake emulators."""

import os
import shutil
import stat
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tools", folder) for folder in ("", "build", "check", "debug")]

from lab import clean_tree  # noqa: E402  # pylint: disable=wrong-import-position
from runner.paths import Paths  # noqa: E402  # pylint: disable=wrong-import-position

FAKE = """#!{python}
import json, os, re, socket, sys, threading, time
OUTPUT, STATUS, MODE = {output!r}, {status!r}, {mode!r}

def write(data):
    os.write(1, data)

def serve(server):
    stream = server.accept()[0].makefile("rw")
    stream.write(json.dumps({{"QMP": {{}}}}) + "\\n")
    stream.flush()
    for line in stream:
        if "inject-nmi" in line:
            write(b"[    9.000000] NMI: CPU 0 in spin_forever+0x12\\n")
        stream.write(json.dumps({{"return": {{}}}}) + "\\n")
        stream.flush()

socket_path = re.search(r"unix:([^,]*)", " ".join(sys.argv)).group(1)
server = socket.socket(socket.AF_UNIX)
server.bind(socket_path)
server.listen()
threading.Thread(target=serve, args=(server,), daemon=True).start()
write(OUTPUT)
if MODE == "hang":
    time.sleep(1000)
if MODE == "chatter":
    while True:
        write(b"[    1.000000] still here\\n")
        time.sleep(0.05)
if STATUS < 0:
    os.kill(os.getpid(), -STATUS)
sys.exit(STATUS)
"""


def make(directory, *arguments, wanted_status=0, **environment):
    """What make said in a directory; the make that called these tests is kept out."""
    done = subprocess.run(["make", "-C", str(directory), "--no-print-directory", "-j2", *arguments],
                          env={**Paths.make_environment(), **environment}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == wanted_status, done.stdout[-3000:]
    return done.stdout


def copy_tree(directory):
    """The sources, as an unpacked archive of them would have them."""
    from tree import files

    for name in files(ROOT):
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(os.path.join(ROOT, name), target)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A copy of the tree with kernel and ISO built. It begins with the objects that this tree has."""
    directory = tmp_path_factory.mktemp("built")
    copy_tree(directory)
    clean_tree.share_objects(ROOT, str(directory), "")
    make(directory, "kernel", "iso")
    return directory


@pytest.fixture
def fake_paths(tmp_path):
    """A function that makes Paths whose QEMU prints `output` and ends with `status`."""
    def make_paths(output, status=33, mode=""):
        program = tmp_path / "fake-qemu"
        program.write_text(FAKE.format(python=sys.executable, output=output, status=status,
                                       mode=mode))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        paths = Paths(str(tmp_path))
        paths.qemu = str(program)
        return paths
    return make_paths


@pytest.fixture
def tree(tmp_path):
    """A function that writes {path: text} below a fresh directory and returns its path."""
    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return str(tmp_path)
    return write
