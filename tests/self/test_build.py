"""The build itself: what is made anew and what is not, and that two builds are identical."""

import os
import shutil
import subprocess

import pytest
import tree
from conftest import ROOT


def make(directory, *arguments):
    """What make said; CMDLINE and the rest of a caller's make are kept out."""
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CMDLINE", "ISO", "CI",
                                  "VARIANT")}
    done = subprocess.run(["make", "-C", str(directory), "-j2", *arguments], env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def copy_tree(directory):
    """The sources, as a fresh clone would have them."""
    for name in tree.files(ROOT):
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(os.path.join(ROOT, name), target)


@pytest.fixture(name="built", scope="module")
def built_copy(tmp_path_factory):
    """A copy of the tree with kernel and ISO built."""
    directory = tmp_path_factory.mktemp("built")
    copy_tree(directory)
    make(directory, "kernel", "iso")
    return directory


def test_two_builds_are_identical(built, tmp_path):
    elsewhere = tmp_path / "a-directory-with-another-name" / "deeper"
    copy_tree(elsewhere)
    os.utime(elsewhere / "Makefile", (1, 1))
    make(elsewhere, "kernel", "iso")
    for name in ("build/kernel.elf", "build/stalactite.iso"):
        assert (built / name).read_bytes() == (elsewhere / name).read_bytes(), name


def test_nothing_is_made_twice(built):
    said = make(built, "kernel", "iso")
    for word in ("CC ", "NASM ", "LD ", "ISO "):
        assert word not in said


def test_a_header_makes_what_includes_it_anew(built):
    os.utime(built / "lib/symbols.h")
    said = make(built, "kernel")
    assert "CC   lib/symbols.c" in said
    assert "CC   lib/string.c" not in said
    assert "LD   build/release/kernel.elf" in said


def test_a_file_that_is_gone_is_not_linked(built):
    extra = built / "lib" / "zz_extra.c"
    extra.write_text("/* Not to be linked. */\nint zz_extra_number;\nint zz_extra_number = 1;\n")
    said = make(built, "kernel")
    assert "CC   lib/zz_extra.c" in said and "CC   lib/string.c" not in said
    assert "zz_extra_number" in (built / "build/release/kernel.nm").read_text()
    extra.unlink()
    make(built, "kernel")
    assert "zz_extra_number" not in (built / "build/release/kernel.nm").read_text()


def test_another_command_line_makes_the_iso_anew(built):
    iso = "ISO=build/one.iso"
    assert "ISO " in make(built, "iso", iso, "CMDLINE=log=debug")
    assert "ISO " not in make(built, "iso", iso, "CMDLINE=log=debug")
    assert "ISO " in make(built, "iso", iso, "CMDLINE=log=info")
    assert b"'log=info'" in (built / "build/one.iso").read_bytes()


def test_help_names_every_goal(built):
    said = make(built, "help")
    for goal in ("run", "test", "iso", "debug", "bochs", "doctor", "help", "clean", "kernel"):
        assert f"make {goal} " in said, goal


# The last two leave objects that are older than what they depend on; so they ask for a few alone.
SOME_OBJECTS = [f"build/release/obj/{name}.o" for name in ("lib/string", "boot/start.asm")]


def test_a_constant_for_assembly_makes_it_anew(built):
    os.utime(built / "arch/x86_64/cpu/layout.h")
    said = make(built, *SOME_OBJECTS)
    assert "NASM boot/start.asm" in said and "CC   lib/string.c" not in said


def test_a_flag_makes_everything_anew(built):
    for flags in (["CI=true"], []):
        said = make(built, *SOME_OBJECTS, *flags)
        assert "CC   lib/string.c" in said and "NASM boot/start.asm" in said


def test_a_source_that_moved_is_found_at_its_new_place(built):
    old, new = "arch/x86_64/entry/offsets.c", "arch/x86_64/cpu/offsets.c"
    parts = built / "make" / "kernel.mk"
    text = parts.read_text()
    try:
        (built / old).rename(built / new)
        parts.write_text(text.replace(old, new))
        make(built, "build/release/offsets.inc")
    finally:
        (built / new).rename(built / old)
        parts.write_text(text)
