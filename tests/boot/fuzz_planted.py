"""Tests the fuzzer: it must find the bug that the kernel `planted` has on purpose. There a call that
does not wait for a receiver keeps a reference to the endpoint (kernel/syscall/message_calls.c)."""

import pytest

from fuzz import fuzz

SEED = 1  # that of CI


def check_found(start):
    """from CI's seed the fuzzer finds the bug, and says how to find it again"""
    with pytest.raises(AssertionError) as found:
        fuzz(start(), SEED, lambda tally: True, lambda text: None)
    said = str(found.value)
    assert "left behind: " in said, said
    assert f"again by: make fuzz SECONDS=1 SEED={SEED} VARIANT=planted" in said, said
