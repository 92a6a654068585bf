"""Tests what the kernel says of the boot loader's module. Without a sound one it comes up all the
same, skips the tests of user programs with that reason, and the monitor starts."""

import os


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
