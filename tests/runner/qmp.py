"""Implements the part of QEMU's machine protocol (QMP) that the runner needs."""

import json
import socket

HANG_SECONDS = 120  # a longer silence means that QEMU hangs or has ended


class Qmp:
    """A connection to the QMP socket of one QEMU."""

    def __init__(self, path, timeout_seconds=HANG_SECONDS):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout_seconds)
        self._socket.connect(path)
        # Bytes, and for reading alone: a stream of text forgets what it has read ahead when it writes, and
        # with it the first half of an event.
        self._stream = self._socket.makefile("rb")
        self._stream.readline()
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        """Runs one command and returns its answer. Ignores events before the answer."""
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            line = self._stream.readline()
            if not line.endswith(b"\n"):
                raise ConnectionError("QEMU closed its QMP socket")
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise OSError(answer["error"].get("desc", "QMP error"))

    def execute_last(self, command, **arguments):
        """Runs a command after which the machine may end, and QEMU with it, before the answer is out.
        Returns the answer, or "" without one. The caller looks how the machine ended."""
        try:
            return self.execute(command, **arguments)
        except ConnectionError:
            return ""

    def close(self):
        """Closes the connection."""
        self._stream.close()
        self._socket.close()
