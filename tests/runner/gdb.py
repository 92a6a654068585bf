"""Implements the part of gdb's remote protocol that tests need: breakpoints, single steps,
registers, memory.

The other end is QEMU's stub. A test uses it to stop the guest at one exact instruction. A timer or
an interrupt inside the guest cannot do this.
"""

import re
import socket
import time

# A stub that is silent this long hangs. A guest may need minutes to reach a breakpoint.
HANG_SECONDS = 600
CONNECT_SECONDS = 120
READ_BYTES_MOST = 2048  # QEMU answers no longer request

REGISTERS = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
             "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip")


class GdbError(Exception):
    """The stub refused a command, closed the connection, or did not answer in time."""


class Gdb:
    """A connection to a stub on a Unix socket. Connecting stops the guest."""

    def __init__(self, path, timeout_seconds=HANG_SECONDS):
        self._socket = socket.socket(socket.AF_UNIX)
        self._buffer = b""
        self._timeout_seconds = timeout_seconds
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                self._socket.connect(path)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise GdbError(f"no stub at {path}: {error}") from error
                time.sleep(0.05)
        self._command("?")

    def close(self):
        """Closes the connection. A stopped guest continues."""
        try:
            self._send("D")
        except OSError:
            pass
        self._socket.close()

    def break_at(self, address):
        """Sets a breakpoint."""
        self._must(f"Z0,{address:x},1")

    def unbreak(self, address):
        """Removes a breakpoint."""
        self._must(f"z0,{address:x},1")

    def go(self):
        """Lets the guest run without waiting for it to stop."""
        self._send("c")

    def go_on(self, timeout_seconds=None):
        """Lets the guest run until it stops. Returns False if it ended instead."""
        return self._run("c", timeout_seconds)

    def wait(self, timeout_seconds):
        """Waits for a guest that go() let run. Returns True if it stopped, False if it ended, None if
        it still runs."""
        try:
            answer = self._receive(timeout_seconds)
        except GdbError:
            return None
        if answer is None or answer[:1] in ("W", "X"):
            return False
        self._select(answer)
        return True

    def interrupt(self):
        """Stops a guest that runs. wait() then returns True."""
        self._socket.sendall(b"\x03")

    def fault_address(self):
        """Returns CR2 of the CPU that stopped. QEMU sends it behind the segments and their bases."""
        return self._number(196)

    def gs_bases(self):
        """Returns the GS base, and the one that SWAPGS brings, of the CPU that stopped."""
        return self._number(172), self._number(180)

    def flags(self):
        """Returns RFLAGS of the CPU that stopped."""
        return self._number(136) & 0xffffffff

    def root(self):
        """Returns the physical address in CR3 of the CPU that stopped."""
        return self._number(204) & ~0xfff

    def _number(self, offset):
        data = bytes.fromhex(self._command("g").replace("x", "0"))
        return int.from_bytes(data[offset:offset + 8], "little")

    def read_physical(self, address, count):
        """Returns `count` bytes at a physical address."""
        self._must("Qqemu.PhyMemMode:1")
        try:
            return self.read(address, count)
        finally:
            self._must("Qqemu.PhyMemMode:0")

    def step(self):
        """Executes one instruction."""
        if not self._run("s", None):
            raise GdbError("the guest ended in a step")

    def register(self, name):
        """Returns the value of a general register or of rip on the CPU that stopped."""
        return self.registers()[name]

    def registers(self):
        """Returns {name: value} of the registers of the CPU that stopped."""
        data = bytes.fromhex(self._command("g").replace("x", "0"))
        return {name: int.from_bytes(data[8 * i:8 * i + 8], "little")
                for i, name in enumerate(REGISTERS)}

    def read(self, address, count):
        """Returns `count` bytes at a virtual address."""
        data = b""
        while len(data) < count:
            part = min(count - len(data), READ_BYTES_MOST)
            answer = self._command(f"m{address + len(data):x},{part:x}")
            if answer.startswith("E"):
                raise GdbError(f"cannot read {part} bytes at {address + len(data):#x}")
            data += bytes.fromhex(answer)
        return data

    def write(self, address, data):
        """Writes bytes to virtual memory."""
        self._must(f"M{address:x},{len(data):x}:{data.hex()}")

    def word(self, address):
        """Returns the 64-bit word at a virtual address."""
        return int.from_bytes(self.read(address, 8), "little")

    def _must(self, command):
        answer = self._command(command)
        if answer != "OK":
            raise GdbError(f"{command}: {answer!r}")

    def _run(self, command, timeout_seconds):
        self._send(command)
        while True:
            answer = self._receive(timeout_seconds or self._timeout_seconds)
            if answer is None or answer[:1] in ("W", "X"):
                return False
            if answer[:1] in ("T", "S"):
                self._select(answer)
                return True

    def _select(self, stop):
        """Selects the thread (CPU) that stopped, so that its registers are read."""
        match = re.search(r"thread:([0-9a-fp.]+);", stop)
        if match:
            self._command(f"Hg{match.group(1)}")

    def _command(self, text):
        try:
            self._send(text)
        except OSError as error:
            raise GdbError(f"the stub went away before {text!r}") from error
        answer = self._receive(self._timeout_seconds)
        if answer is None:
            raise GdbError(f"the stub went away in {text!r}")
        return answer

    def _send(self, text):
        body = text.encode()
        self._socket.sendall(b"$" + body + b"#%02x" % (sum(body) % 256))

    def _acknowledge(self):
        try:
            self._socket.sendall(b"+")
        except OSError:
            pass  # the stub has closed the connection

    def _receive(self, timeout_seconds):
        """Returns the next packet's text, or None if the stub has closed the connection."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            match = re.match(rb"[^$]*\$([^#]*)#[0-9a-f]{2}", self._buffer, re.DOTALL)
            if match:
                self._buffer = self._buffer[match.end():]
                self._acknowledge()
                return match.group(1).decode("latin-1")
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self._socket.recv(65536)
            except socket.timeout as error:
                raise GdbError(f"nothing from the stub for {timeout_seconds} s") from error
            except OSError:
                return None
            if not data:
                return None
            self._buffer += data
