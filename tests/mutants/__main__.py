"""Tries the mutants of the table, or those that the options choose: python3 tests/mutants --help."""

import os
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[0] = TESTS

from mutants import MUTANTS  # noqa: E402  # pylint: disable=wrong-import-position
from runner.mutants import main  # noqa: E402  # pylint: disable=wrong-import-position

sys.exit(main(sys.argv[1:], os.path.dirname(TESTS), MUTANTS))
