#!/usr/bin/env python3
"""Lists the tests of user mode for the kernel, which runs each as one of its own tests.

    user_tests.py LIST FILE...

The tests stand in the C files of the program `test` as USER_TEST(id, "sentence") { ... }. The list holds a
line USER_TEST(id, "sentence") for each, in the order of the ids; tests/user/user_test.c includes it.
The list is written only if it changes.
"""

import re
import sys

TEST = re.compile(r'^USER_TEST\(\s*(\w+)\s*,\s*((?:"(?:\\.|[^"\\])*"\s*)+)\)\s*\{', re.MULTILINE)


def lines(texts):
    """Returns the lines of the list for the texts of the C files."""
    found = {}
    for text in texts:
        for test_id, sentence in TEST.findall(text):
            if test_id in found:
                raise SystemExit(f"user_tests: {test_id} stands twice")
            words = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', sentence))
            found[test_id] = f'USER_TEST({test_id}, "{words}")\n'
        if len(TEST.findall(text)) != text.count("\nUSER_TEST("):
            raise SystemExit("user_tests: a USER_TEST is not of the form"
                             ' USER_TEST(id, "sentence") {')
    return "".join(found[test_id] for test_id in sorted(found))


def read(path):
    """Returns the text of a file, or nothing if it does not exist."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def main(target, *paths):
    """Writes the list."""
    text = lines(read(path) for path in paths)
    if text != read(target):
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
