"""Lets the runner's own tests import the runner, and gives them fake emulators."""

import os
import stat
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tools", folder) for folder in ("build", "check", "debug")]

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


@pytest.fixture
def fake_paths(tmp_path):
    """A function that makes Paths whose QEMU prints `output` and ends with `status`."""
    from runner.paths import Paths

    def make(output, status=33, mode=""):
        program = tmp_path / "fake-qemu"
        program.write_text(FAKE.format(python=sys.executable, output=output, status=status,
                                       mode=mode))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        paths = Paths(str(tmp_path))
        paths.qemu = str(program)
        return paths
    return make


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
