"""tools/build/patch_sites.py sees a site that is not the one instruction it should be."""

import os
import struct
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools", "build"))
import patch_sites  # noqa: E402  pylint: disable=wrong-import-position

COUNTER = 0x80001000
CLI = patch_sites.CLI
ADD = b"\x65\x83\x04\x25" + struct.pack("<I", COUNTER) + b"\x01"


def kernel(text, records):
    """A kernel file of text at 0x1000 and records at 0x2000."""
    made = patch_sites.Kernel.__new__(patch_sites.Kernel)
    table = b"".join(patch_sites.RECORD.pack(*record) for record in records)
    made.data = text + table
    made.parts = [(0x1000, 0, len(text)), (0x2000, len(text), len(table))]
    made.symbols = {"preempt_count": 0xffffffff00000000 | COUNTER,
                    "__patch_sites_start": 0x2000, "__patch_sites_end": 0x2000 + len(table)}
    return made


def test_plain_sites_pass():
    good = kernel(CLI + ADD, [(0x1000, 0, 0, 5), (0x1008, 0, 1, 3)])
    assert not list(patch_sites.complaints(good))


@pytest.mark.parametrize("text, record, wanted", [
    (b"\x90" * 7 + b"\xfa", (0x1000, 0, 0, 5), "not one CLI"),
    (b"\x90" + CLI, (0x1000, 0, 0, 5), "not one CLI"),
    (ADD[:4] + b"\0\0\0\0\x01", (0x1000, 0, 1, 5), "not one ADD"),
    (ADD[:8] + b"\x02", (0x1000, 0, 1, 5), "not one ADD"),
    (ADD, (0x1000, 0, 1, 6), "no such site"),
    (ADD, (0x1000, 0, 9, 0), "no such site"),
    (ADD, (0x1000, 0, 2, 0), "no such site"),
    (ADD, (0x1000, 0, 6, 0), "no such site"),
])
def test_other_instructions_are_seen(text, record, wanted):
    found = list(patch_sites.complaints(kernel(text, [record])))
    assert found and wanted in found[0]
