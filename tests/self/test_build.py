"""The build itself: what is made anew and what is not, and that two builds are identical."""

import os

import pytest
from conftest import copy_tree, make

DEPENDED_ON = ("*.[ch]", "*.asm", "*.inc", "*.mk", "*.s", "flags")


@pytest.fixture(name="first_times", scope="module")
def fixture_first_times(built):
    """The times of the files that others depend on, with what is in each."""
    return {path: (path.stat().st_mtime_ns, path.read_bytes())
            for pattern in DEPENDED_ON for path in built.rglob(pattern)}


@pytest.fixture(autouse=True)
def fixture_times(first_times):
    """Gives each file that is as it was its first time back, so that no later test makes everything anew."""
    yield
    for path, (time, data) in first_times.items():
        if path.stat().st_mtime_ns != time and path.read_bytes() == data:
            os.utime(path, ns=(time, time))


def test_two_builds_are_identical(built, tmp_path):
    elsewhere = tmp_path / "it's a directory" / "with another name"
    copy_tree(elsewhere)
    os.utime(elsewhere / "Makefile", (1, 1))
    make(elsewhere, "kernel", "iso", "ISO=build/a b.iso")
    for name, other in (("build/kernel.elf", "build/kernel.elf"), ("build/boot.tar", "build/boot.tar"),
                        ("build/stalactite.iso", "build/a b.iso")):
        assert (built / name).read_bytes() == (elsewhere / other).read_bytes(), name
    assert "ISO " not in make(elsewhere, "iso", "ISO=build/a b.iso")


def test_nothing_is_made_twice(built):
    said = make(built, "kernel", "iso")
    for word in ("CC ", "NASM ", "USER ", "LD ", "TAR ", "ISO "):
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


# What makes nearly everything anew; so a few are asked for alone.
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
