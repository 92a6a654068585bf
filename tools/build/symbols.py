#!/usr/bin/env python3
"""Write the kernel's symbol table, as a NASM file, from the output of `nm -n`.

    nm -n kernel | symbols.py table > symbols.asm
    symbols.py table < /dev/null > empty.asm        (for the first of the two links)
    nm -n kernel | symbols.py bochs > kernel.sym    (lines `hexaddress name` for Bochs' ldsym)
    nm -n shell.elf | symbols.py bochs shell: > shell.sym   (each name behind `shell:`)
    symbols.py check FIRST SECOND                   (two outputs of nm: did a function move?)

Only functions count, and only those in the higher half. They come before .rodata in the image, so
the size of the table does not move them: two links are enough, and `check` makes sure.
"""

import re
import sys

HIGHER_HALF = 1 << 63
LINE = re.compile(r"^([0-9a-f]{16}) (\w) (\S+)$")
END_OF_TEXT = "__text_end"


def symbols(lines):
    """Returns the symbols of `nm -n` as a list of (address, kind, name), by address."""
    found = [match.groups() for match in map(LINE.match, lines) if match]
    return sorted((int(address, 16), kind, name) for address, kind, name in found)


def functions(everything):
    """Returns the functions for backtraces, one (address, name) each, and the end of the text."""
    end = max((address for address, _, name in everything if name == END_OF_TEXT), default=0)
    by_address = {}
    for address, kind, name in everything:
        # Linker symbols (__text_start) and NASM's local labels (entry.loop) name no function.
        # A global name is preferred to a local one at the same address.
        if kind not in "tT" or not HIGHER_HALF <= address < end:
            continue
        if name.startswith("__text_") or "." in name.lstrip("."):
            if not re.search(r"\.(constprop|isra|part|cold)\.?\d*", name):
                continue
        if address not in by_address or kind == "T":
            by_address[address] = name
    return sorted(by_address.items()), end


def table(lines, out):
    """Writes the NASM source of the table, which lib/symbols.c reads."""
    known, end = functions(symbols(lines))
    base = known[0][0] if known else 0
    names = {}
    text = []
    size = 0
    for _, name in known:
        if name not in names:
            names[name] = size
            text.append(f"    db '{name}', 0")
            size += len(name) + 1
    out.write("; Written by tools/build/symbols.py; see lib/symbols.c.\n")
    out.write("section .symbols progbits alloc noexec nowrite align=8\n")
    out.write("global symbol_table_base, symbol_table_count, symbol_table_offsets\n")
    out.write("global symbol_table_names, symbol_table_text\n")
    out.write(f"symbol_table_base: dq 0x{base:016x}\n")
    out.write(f"symbol_table_count: dd {len(known)}\n")
    out.write("symbol_table_offsets:\n")
    for address, _ in known:
        out.write(f"    dd 0x{address - base:x}\n")
    out.write(f"    dd 0x{end - base:x}\n" if known else "    dd 0\n")
    out.write("symbol_table_names:\n")
    for _, name in known:
        out.write(f"    dd {names[name]}\n")
    out.write("symbol_table_text:\n")
    out.write("\n".join(text) + "\n    db 0\n")


def bochs(lines, out, prefix=""):
    """Writes every symbol that Bochs's debugger may need, with a prefix."""
    for address, kind, name in symbols(lines):
        if kind in "tTdDbBrR" and "." not in name and not name.startswith("__"):
            out.write(f"{address:x} {prefix}{name}\n")


def check(first, second):
    """Fails if a function has different addresses in the two links."""
    with open(first, encoding="ascii") as one, open(second, encoding="ascii") as two:
        before, after = functions(symbols(one)), functions(symbols(two))
    if before != after:
        moved = set(before[0]) ^ set(after[0])
        example = sorted(moved)[0] if moved else (before[1], END_OF_TEXT)
        sys.exit(
            f"symbols.py: {second} has functions in other places than {first}, "
            f"for instance {example[1]} at {example[0]:#x}; the symbol table would lie.\n"
            "Does linker.ld still put .text before the section .symbols?"
        )


def main(arguments):
    if arguments == ["table"]:
        table(sys.stdin, sys.stdout)
    elif arguments[:1] == ["bochs"] and len(arguments) <= 2:
        bochs(sys.stdin, sys.stdout, *arguments[1:])
    elif len(arguments) == 3 and arguments[0] == "check":
        check(arguments[1], arguments[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
