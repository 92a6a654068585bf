"""Tests what the kernel says of the boot loader's module. Without a sound one it comes up all the
same, skips the tests of user programs with that reason, and the monitor starts."""

import os

import pytest

from boot_archive import header_at, seal, with_file

# Fields of a header in the format ustar: where each begins, and its bytes.
FIELDS = {"name": (0, 100), "mode": (100, 8), "user": (108, 8), "group": (116, 8), "size": (124, 12),
          "time": (136, 12), "checksum": (148, 8), "type": (156, 1), "link": (157, 100), "magic": (257, 6),
          "version": (263, 2), "user name": (265, 32), "group name": (297, 32), "major": (329, 8), "minor": (337, 8),
          "prefix": (345, 155)}
CONFIGURATIONS = {
    "word": ("server names names\nservice files files\n", "init.conf: line 2: a line begins with 'server'"),
    "right": ("server names names : everything\n", "init.conf: line 1: there is no such right"),
    "zero": ("server names names\n\0", "init.conf: line 2: there is a byte 0"),
    "nothing": ("", "the servers are not started: the first server is not that of 'names'"),
    "order": ("server files files : archive\n", "the servers are not started: the first server is not that of 'names'"),
    "program": ("server names names\nserver files nothing\n", "'nothing' is not started: there is no file of that name"),
}


def module(start, data):
    """Boots with these bytes as the module, at the monitor's prompt."""
    path = os.path.join(start.paths.row_directory(start.row.name), "module")
    with open(path, "wb") as file:
        file.write(data)
    return start(archive=False, extra=("-initrd", path))


def archive(start):
    """Returns the bytes of the archive that the build made."""
    with open(start.paths.archive, "rb") as file:
        return file.read()


def refused(machine, reason):
    """The machine says that, comes up and answers at the prompt."""
    machine.expect("user programs: none: " + reason)
    machine.expect("Stalactite is up")
    machine.wait_prompt()
    assert any("let a thread recurse" in line for line in machine.ask("help"))


def check_none(start):
    """without a module the kernel says so and goes on to the monitor"""
    refused(start(archive=False), "the boot loader passed no module")


def check_skipped(start):
    """without a module the tests of user programs are skipped with that reason"""
    machine = start(archive=False, cmdline="test=PRG0001 exit=1")
    machine.expect(r"ok 1 .*PRG0001.* # SKIP the boot loader passed no user programs")


def check_whole(start):
    """the archive of the build is taken"""
    machine = module(start, archive(start))
    machine.expect(r"user programs: \d+ in an archive of \d+ KiB")
    machine.expect("Stalactite is up")


def check_first(start):
    """without words that ask for something else the first program starts, and starts another one"""
    machine = start(cmdline="exit=1")
    machine.expect(r"init: the first program, in ring 3; the archive has \d+")
    machine.expect(r"hello: hello from ring 3, with 0 arguments")
    machine.expect(r"init: 'hello' has ended with status 0")


def check_cut(start):
    """an archive that was cut is refused with a reason"""
    refused(module(start, archive(start)[:-513]), "the boot loader's module is refused: .* is cut")


def check_rubbish(start):
    """a module of other bytes is refused with a reason"""
    refused(module(start, bytes(range(256)) * 8),
            "the boot loader's module is refused: a header is not of the format ustar")


def check_damage(start):
    """an archive with a changed header is refused with a reason"""
    data = bytearray(archive(start))
    data[0] ^= 1
    refused(module(start, bytes(data)),
            "the boot loader's module is refused: a header's checksum is wrong")


@pytest.mark.parametrize("field", FIELDS)
def check_fields(start, field):
    """an archive with damage in any field of a header is refused with a reason, or taken, and the machine comes up"""
    data = bytearray(archive(start))
    at, (begin, size) = header_at(data, "init"), FIELDS[field]
    data[at + begin:at + begin + size] = bytes((byte ^ 0xa5) for byte in data[at + begin:at + begin + size])
    if field != "checksum":
        seal(data, at)
    machine = module(start, bytes(data))
    machine.expect(r"user programs: (none: the boot loader's module is refused: .|\d+ in an archive)")
    machine.expect("Stalactite is up")
    machine.wait_prompt()
    machine.ask("run init")
    assert any("let a thread recurse" in line for line in machine.ask("help"))


@pytest.mark.parametrize("wrong", CONFIGURATIONS)
def check_configuration(start, wrong):
    """a configuration of init that is malformed is told, nothing of it stays, and the monitor goes on"""
    text, reason = CONFIGURATIONS[wrong]
    machine = module(start, with_file(archive(start), "init.conf", text.encode()))
    machine.wait_prompt()
    answer = machine.ask("run shell")
    assert any(reason in line for line in answer), answer
    assert not any("names" in line for line in machine.ask("tasks"))
