"""The client of QEMU's machine protocol: answers, errors, and an emulator that ends before its answer."""

import json
import socket
import threading

import pytest
from runner.qmp import Qmp


@pytest.fixture(name="qemu")
def fixture_qemu(tmp_path):
    """A function that starts a QEMU with this answer to its first command, and returns the client. Without
    an answer it closes its end, and if `reads` is false that command is never read."""
    path, ends = str(tmp_path / "qmp"), []

    def serve(listener, answer, reads):
        connection, _ = listener.accept()
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            stream.write('{"QMP": {}}\n')
            stream.flush()
            stream.readline()
            stream.write('{"return": {}}\n{"event": "STOP", ')  # the rest of the event comes with the next answer
            stream.flush()
            if reads:
                stream.readline()
            else:
                connection.recv(1, socket.MSG_PEEK)
            if answer:
                stream.write('"timestamp": 1}\n{"event": "RESUME"}\n' + json.dumps(answer) + "\n")
                stream.flush()
        listener.close()

    def start(answer=None, reads=True):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        thread = threading.Thread(target=serve, args=(listener, answer, reads))
        thread.start()
        client = Qmp(path, timeout_seconds=60)
        ends.extend((client.close, thread.join))
        return client
    yield start
    for end in ends:
        end()


def test_an_answer_is_returned_and_events_are_passed_over(qemu):
    assert qemu({"return": "done"}).execute("stop") == "done"


def test_an_answer_to_the_last_command_is_returned(qemu):
    assert qemu({"return": "done"}).execute_last("cont") == "done"


@pytest.mark.parametrize("command", ["execute", "execute_last"])
def test_an_error_is_told(qemu, command):
    with pytest.raises(OSError, match="no such thing"):
        getattr(qemu({"error": {"desc": "no such thing"}}), command)("fly")


@pytest.mark.parametrize("reads", [True, False])
def test_an_emulator_that_ends_is_an_error_but_after_the_last_command(qemu, reads):
    with pytest.raises(ConnectionError):
        qemu(reads=reads).execute("stop")


@pytest.mark.parametrize("reads", [True, False])
def test_the_last_command_needs_no_answer(qemu, reads):
    assert qemu(reads=reads).execute_last("cont") == ""
