"""What is made from the list of system calls, and that its check sees mistakes."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from test_checks import check

sys.path.insert(0, os.path.join(ROOT, "tools", "build"))
import syscalls  # noqa: E402  # pylint: disable=wrong-import-position

LIST = """#define SYSCALL_LIST(MESSAGE, PAIR, CALL) \\
    MESSAGE(0, send, 2, "port: handle endpoint SEND, tag: tag", "AGAIN: somebody receives", "0", \\
        "AGAIN IPC0004", BLOCKS, "Sends.") \\
    PAIR(1, read, 2, "to: out bytes, bytes: value", \\
        "TOO_LONG: bytes is at most 9; " \\
        "NO_RIGHT: bytes (of both) are even", \\
        "bytes; the rest", "TOO_LONG IPC0009", PROMPT, "Reads.")
#define NEXT
"""


def test_entries_are_read():
    send, read = syscalls.calls(LIST)
    assert (send.number, send.name, send.is_message, send.blocks) == (0, "send", True, True)
    assert send.arguments == [("port", "handle", ["endpoint", "SEND"]), ("tag", "tag", [])]
    assert send.errors == [("AGAIN", "IPC0004")]
    assert (read.result, read.second, read.blocks) == ("bytes", "the rest", False)
    assert send.preconditions == [("AGAIN", "somebody receives")]
    assert read.preconditions == [("TOO_LONG", "bytes is at most 9"), ("NO_RIGHT", "bytes (of both) are even")]


@pytest.mark.parametrize("old, new", [
    ("to: out bytes", "to: nonsense bytes"), ("1, read, 2", "1, read, 3"), ("PAIR", "CALL"), ("PROMPT", "SOMETIMES"),
    ("AGAIN IPC0004", "AGAIN"), ('"Reads."', "Reads"), ("AGAIN: somebody", "somebody"),
    ("NO_RIGHT: bytes", "bytes"), ('"AGAIN: somebody receives", ', "")])
def test_mistakes_in_an_entry_are_refused(old, new):
    assert old in LIST
    with pytest.raises(ValueError):
        syscalls.calls(LIST.replace(old, new))


def test_the_model_has_each_error_of_a_call():
    send, read = json.loads(syscalls.model(syscalls.calls(LIST)))
    assert send["errors"] == ["AGAIN", "BAD_HANDLE", "CLOSED_HANDLE", "NO_RIGHT", "STALE_HANDLE",
                              "WRONG_TYPE"]
    assert read["errors"] == ["FAULT", "TOO_LONG"]
    assert read["arguments"][0] == {"name": "to", "type": "out", "words": ["bytes"]}


def test_the_page_says_what_a_call_requires():
    page = syscalls.page(syscalls.calls(LIST))
    assert ("- `tag`: tag of the message\n- requires: somebody receives (else `ERROR_AGAIN`)\n"
            "- returns 0\n") in page
    assert ("- requires: bytes is at most 9 (else `ERROR_TOO_LONG`)\n"
            "- requires: bytes (of both) are even (else `ERROR_NO_RIGHT`)\n") in page
    nothing = syscalls.page(syscalls.calls(LIST.replace("AGAIN: somebody receives", "")))
    assert "- `tag`: tag of the message\n- requires nothing more\n- returns 0\n" in nothing


def test_handles_imply_the_errors_of_what_is_asked_of_them():
    send, _ = syscalls.calls(LIST.replace("endpoint SEND", "any").replace("MESSAGE(0", "CALL(0"))
    assert send.handle_errors() == ["BAD_HANDLE", "STALE_HANDLE", "CLOSED_HANDLE"]


def test_an_error_with_a_reason_is_none_that_a_program_may_get():
    send, _ = syscalls.calls(LIST.replace("AGAIN IPC0004", "AGAIN IPC0004 ENDS"))
    assert "AGAIN" not in send.possible_errors()
    with pytest.raises(ValueError):
        syscalls.calls(LIST.replace("AGAIN IPC0004", "AGAIN IPC0004 NONSENSE"))


def test_the_stubs_compile(tmp_path):
    header = tmp_path / "syscalls.h"
    header.write_text(syscalls.stubs(syscalls.calls(LIST)))
    (tmp_path / "user.c").write_text('#include "syscalls.h"\nint64_t f(void)\n{\n    uint64_t rest;\n'
                                     "    struct sys_message m = {0};\n"
                                     "    return sys_send(1, &m) + sys_read(2, 3, &rest);\n}\n")
    run = subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-I", ROOT, "-c",
                          "-o", "user.o", "user.c"], cwd=tmp_path, capture_output=True, text=True,
                         check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("old, new, complaint", [
    ("CALL(7, thread_yield", "CALL(99, thread_yield", "the numbers are not 0 to"),
    ("thread_yield", "thread_doze", "no file of kernel/ defines call_thread_doze"),
    ("Reads the clock.", "Reads a clock.", "make syscalls-page"),
    ('in nanoseconds", ""', 'in nanoseconds", "NONSENSE IPC0001"', "no ERROR_NONSENSE"),
    ('in nanoseconds", ""', 'in nanoseconds", "AGAIN IPC9999"', "no test IPC9999"),
    ("QUOTA SYS0084", "QUOTA SYS0003", "reply_take: QUOTA: SYS0003 does not make the call"),
    ("QUOTA SYS0094", "EXISTS SYS0094", "task_create: EXISTS: SYS0094 does not name the error"),
    ("NOT_FOUND SYS0101 DEVICE", "NOT_FOUND IRQ0001 DEVICE",
     "interrupt_create: NOT_FOUND: IRQ0001 does not make the call"),
    ("NOT_FOUND SYS0100 DEVICE", "NOT_FOUND SYS0101 DEVICE",
     "console_take: NOT_FOUND: SYS0101 does not make the call"),
    ("EXISTS: no program has the console; ", "", "console_take: EXISTS: no precondition says when"),
    ("INVALID: the action is", "RANGE: the action is",
     "system_control: a precondition names RANGE, which the call does not give"),
    ("FAULT SYS0031", "RANGE SYS0031", "information_read: it accesses the caller's memory, and FAULT is not")])
def test_the_check_sees_mistakes(tmp_path, old, new, complaint):
    root = tmp_path / "tree"
    for folder in ("kernel", "lib", "docs", "tests/ipc", "tests/syscall"):
        shutil.copytree(os.path.join(ROOT, folder), root / folder)
    listed = root / "kernel" / "syscall_list.h"
    text = listed.read_text()
    assert old in text
    listed.write_text(text.replace(old, new))
    status, output = check("syscalls", str(root))
    assert status == 1 and complaint in output
