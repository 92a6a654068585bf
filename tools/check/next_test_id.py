#!/usr/bin/env python3
"""Prints the next free test ids of an area, such as STK: `make next-id AREA=STK`.

The ids of an area are in groups of a hundred, and each group goes on after its highest id. The gaps
below it are never filled, because a test that is gone may have had that id.
"""

import os
import re
import sys

import tree
from check_test_ids import tests


def lines(root, area):
    """Returns one line for each group of the area: its next id, and where its last test is."""
    used = {int(test_id[3:]): name for name, _, test_id, _, _ in tests(root) if test_id[:3] == area}
    if not used:
        return [f"{area}0001  the first of {area}"]
    found = []
    for hundred in sorted({number // 100 for number in used}):
        last = max(number for number in used if number // 100 == hundred)
        after = f"after {area}{last:04} in {used[last]}"
        found.append(f"{area}{last + 1:04}  {after}" if last % 100 != 99 else f"no more {after}")
    return found


def main():
    """Prints the lines for the area that the command names."""
    area = sys.argv[1] if len(sys.argv) == 2 else ""
    if not re.fullmatch("[A-Z]{3}", area):
        sys.exit("an area is three capitals: make next-id AREA=STK")
    print("\n".join(lines(os.path.join(os.path.dirname(__file__), "..", ".."), area)))


if __name__ == "__main__":
    main()
