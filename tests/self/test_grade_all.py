"""Grading many submissions: the sandbox and its limits, resuming, and other machines."""

import csv
import io
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile

import pytest
from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))

from lab import course, gradescope, one, questions, sandbox, write  # noqa: E402  # pylint: disable=wrong-import-position

try:
    sandbox.check(ROOT)
except sandbox.NoSandbox as why:
    pytestmark = pytest.mark.skip(reason=f"there is no sandbox here: {why}")

FLOOD = "import os\nwhile True: os.write(1, b'x' * 65536)"


@pytest.fixture(name="shared")
def fixture_shared():
    """A directory that other users may enter; those of pytest are their owner's alone."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="grade-all-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(name="inside")
def fixture_inside(shared):
    """Runs Python code in the sandbox and returns (status, output)."""
    def run(code):
        (shared / "submission").mkdir(exist_ok=True)
        (shared / "results").mkdir(exist_ok=True)
        return sandbox.run(ROOT, str(shared / "submission"), str(shared / "results"),
                           ["python3", "-c", code])
    return run


@pytest.mark.parametrize("code, said", [
    ("import os; print(os.getuid())", "65534"),
    ("import os; print(sorted(name for name in os.listdir('/proc') if name.isdigit()).__len__() < 6)", "True"),
    ("import os; print(os.listdir('/sys/class/net') if os.path.exists('/sys/class/net') else 'no devices')",
     "no devices"),
    ("import os; print(os.path.exists('/root'), os.path.exists('/home'), 'USER' in os.environ)",
     "False False False")])
def test_a_submission_is_graded_as_nobody_without_network_or_other_processes(inside, code, said):
    assert inside(code) == (0, said + "\n")


@pytest.mark.parametrize("code, why", [
    (f"open({ROOT + '/planted'!r}, 'w')", "Read-only file system"),
    ("open('/submission/planted', 'w')", "Read-only file system"),
    ("bytearray(16 << 30)", "MemoryError"),
    ("open('/tmp/large', 'wb').truncate(1 << 40)", "File too large"),
    ("for i in range(9): open(f'/tmp/{i}', 'wb').write(b'x' * (2 << 20))", "No space left on device"),
    ("import socket; socket.create_connection(('192.0.2.1', 80), 5)", "unreachable"),
    ("import os, time\nfor i in range(99):\n    if not os.fork(): time.sleep(9); os._exit(0)", "BlockingIOError")])
def test_a_submission_cannot_write_elsewhere_or_take_more_than_its_share(inside, monkeypatch, code, why):
    monkeypatch.setattr(sandbox, "BUILT_BYTES", 8 << 20)
    monkeypatch.setattr(sandbox, "PROCESSES", 20)
    status, output = inside(code)
    assert status not in (0, None) and why in output, output[-500:]


def test_a_submission_that_floods_or_never_ends_is_stopped(inside, monkeypatch):
    assert inside(FLOOD) == (None, "")
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 3)
    assert inside("import time; print('begun', flush=True); time.sleep(999)") == (None, "")


def test_results_can_be_written(inside, shared):
    assert inside("open('/results/one', 'w').write('1')")[0] == 0
    assert (shared / "results" / "one").read_text() == "1"


@pytest.fixture(name="handed_in")
def fixture_handed_in(shared):
    """A folder with three submissions of lab 0: all right, nothing done, and no lab at all."""
    top = shared / "handed-in"
    for name in ("ann & bob", "=carl"):
        assert write.main(["--lab", "0", "--out", str(top / name)]) == 0
    _, right = questions.make(course.labs(ROOT)[0].seed)
    groups = {}
    for key, answer in right.items():
        group, name = key.split(".")
        groups.setdefault(group, []).append(f'{name} = "{answer}"')
    (top / "ann & bob" / "lab" / "answers.toml").write_text(
        "".join(f"[{group}]\n" + "\n".join(lines) + "\n" for group, lines in groups.items()))
    (top / "empty").mkdir()
    return top


def grade_all(top, *words, environment=None):
    done = subprocess.run([os.path.join(ROOT, "tools", "grade-all"), str(top), "--lab", "0", *words],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, env=environment)
    return done.returncode, done.stdout


def summary(top):
    with open(f"{top}.results/summary.csv", encoding="utf-8", newline="") as file:
        return {row["who"]: row["points"] for row in csv.DictReader(file)}


def test_all_are_graded_in_the_sandbox_once_and_what_changed_again(handed_in):
    status, output = grade_all(handed_in)
    assert status == 1 and "[3/3]" in output and "2 graded, 1 not" in output, output
    assert summary(handed_in) == {"ann & bob": "100", "'=carl": "0", "empty": ""}
    results = handed_in.parent / "handed-in.results"
    for name in ("model.json", "result.json", "results.json", "results.xml", "results.csv", "page.html"):
        assert (results / "ann & bob" / name).exists()
    assert "ann &amp; bob" in (results / "index.html").read_text()

    (handed_in / "ann & bob" / "lab" / "answers.toml").write_text("[walk]\n")
    _, output = grade_all(handed_in)
    assert "=carl: 0 graded before" in output and "ann & bob: 0 lost: walk, entries, frame" in output


def test_what_a_changed_tree_of_the_teachers_gives_is_not_taken_for_graded(handed_in, tmp_path, monkeypatch):
    lab, submission = course.labs(ROOT)[0], str(handed_in / "=carl")
    monkeypatch.setattr(one, "ROOT", str(tmp_path))
    digests = []
    for name, text in (("tests/mm/a_test.c", "1"), ("tests/mm/a_test.c", "2"), ("tools/lab/watch.py", "1"), ("kernel/main.c", "1")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        digests.append(one.digest_of(lab, submission))
    assert len(set(digests)) == 4
    for name in ("docs/memory.md", "results/=carl/model.json"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("1")
    assert one.digest_of(lab, submission) == digests[-1]


def test_an_interrupted_run_goes_on(handed_in):
    grade_all(handed_in)
    (handed_in.parent / "handed-in.results" / ".done" / "=carl.json").unlink()
    (handed_in.parent / "handed-in.results" / "=carl" / "model.json").write_text('{"half": ')
    _, output = grade_all(handed_in)
    assert "ann & bob: 100 graded before" in output and "=carl: 0 lost" in output


def test_without_a_sandbox_nothing_is_graded_unless_told_otherwise(handed_in, tmp_path):
    bare = tmp_path / "bin"
    bare.mkdir()
    for folder in ("/usr/local/bin", "/usr/bin", "/bin"):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name != "bwrap" and not (bare / name).exists():
                (bare / name).symlink_to(os.path.join(folder, name))
    environment = {**os.environ, "PATH": str(bare)}
    status, output = grade_all(handed_in, environment=environment)
    assert status == 2 and "there is no sandbox" in output and "--no-sandbox" in output
    assert not os.path.exists(f"{handed_in}.results")
    status, output = grade_all(handed_in, "--no-sandbox", environment=environment)
    assert "2 graded, 1 not" in output and summary(handed_in)["ann & bob"] == "100"


def test_other_machines_grade_too(handed_in, tmp_path):
    """A machine by the name of `other` is this one: the program that stands for ssh runs the command here. It sets
    SHELL, as sshd does: GNU parallel has the command run by $SHELL of the other machine. The test has no SHELL."""
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\nwhile [ "$1" != other ]; do shift; done\nshift\n[ "$1" = -- ] && shift\necho x >>{tmp_path}/asked\n'
                   'SHELL=/bin/sh exec sh -c "$*"\n')
    ssh.chmod(0o755)
    half = tmp_path / "tmp" / "sshlogin" / socket.gethostname()  # as another parallel leaves it while it writes
    half.mkdir(parents=True)
    (half / "linelen").touch()
    environment = {**os.environ, "PARALLEL_HOME": str(tmp_path)}
    environment.pop("SHELL", None)
    _, output = grade_all(handed_in, "--sshlogin", f"{ssh} other", environment=environment)
    assert summary(handed_in)["ann & bob"] == "100", output
    assert (tmp_path / "asked").exists()


def test_what_is_lost_on_the_way_is_told_and_graded_again(handed_in, tmp_path):
    """The program that stands for GNU parallel ends at once the first time, as that does when a machine leaves."""
    stand_in = tmp_path / "parallel"
    stand_in.write_text(f'#!/bin/sh\n[ -e {tmp_path}/begun ] || {{ touch {tmp_path}/begun; exit 0; }}\n'
                        f'exec {shutil.which("parallel")} "$@"\n')
    stand_in.chmod(0o755)
    _, output = grade_all(handed_in, environment={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert "no result came of =carl, ann & bob, empty: GNU parallel ended with status 0 and ran nothing" in output
    assert summary(handed_in) == {"ann & bob": "100", "'=carl": "0", "empty": ""}


def test_the_archive_for_gradescope_grades(handed_in, shared):
    """Its script is run where the archive is unpacked, with that place for /autograder."""
    archive = gradescope.archive(0)
    place = shared / "autograder"
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        file.extractall(place / "source")
    (handed_in / "ann & bob").rename(place / "submission")
    script = (place / "source" / "run_autograder").read_text().replace("/autograder/", f"{place}/") \
        .replace("/tmp/graded", f"{shared}/graded")
    done = subprocess.run(["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    said = json.loads((place / "results" / "results.json").read_text())
    assert said["score"] == 100 and len(said["tests"]) == 3, done.stdout
    install, = re.findall(r"apt-get install .*", (place / "source" / "setup.sh").read_text())
    assert {"make", "nasm", "qemu-system-x86", "spin", "bubblewrap", "libc6-dev"} <= set(install.split())
