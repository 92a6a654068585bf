"""The client of gdb's protocol, against a stub that answers from a list."""

import os
import shutil
import socket
import threading

import pytest
from runner.gdb import Gdb, GdbError, REGISTERS
from runner.machine import short_directory


def packet(text):
    return b"$" + text.encode() + b"#%02x" % (sum(text.encode()) % 256)


@pytest.fixture(name="stub")
def fixture_stub():
    """A function that starts a stub with these answers and returns (client, what it was asked)."""
    asked, directory = [], short_directory()

    def start(*answers):
        path = os.path.join(directory, "gdb")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen()

        def serve():
            connection = server.accept()[0]
            for answer in ("S05", *answers):
                data = b""
                while b"#" not in data or len(data) < data.index(b"#") + 3:
                    data += connection.recv(4096).lstrip(b"+")
                asked.append(data[1:data.index(b"#")].decode())
                connection.sendall(b"+" + packet(answer))
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        return Gdb(path, timeout_seconds=300), asked
    yield start
    shutil.rmtree(directory)


def test_breakpoint_and_registers(stub):
    values = range(100, 100 + len(REGISTERS))
    registers = "".join(value.to_bytes(8, "little").hex() for value in values)
    gdb, asked = stub("OK", "T05thread:02;", "OK", registers, "0102000000000000")
    gdb.break_at(0x1234)
    assert gdb.go_on()
    assert gdb.register("rip") == 116
    assert gdb.word(0x1000) == 0x201
    assert asked[1:] == ["Z0,1234,1", "c", "Hg02", "g", "m1000,8"]


def test_end_of_the_guest_is_told(stub):
    gdb, _ = stub("W00")
    assert not gdb.go_on()


def test_stub_that_goes_away_is_told(stub):
    gdb, _ = stub()
    with pytest.raises(GdbError):
        gdb.register("rip")


def test_refusal_is_an_error(stub):
    gdb, _ = stub("E01", "E14")
    with pytest.raises(GdbError):
        gdb.break_at(1)
    with pytest.raises(GdbError):
        gdb.read(0, 8)
