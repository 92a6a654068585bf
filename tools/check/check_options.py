#!/usr/bin/env python3
"""Checks that docs/options.md agrees with kernel/option_list.h. `make options-page` repairs it."""

import os
import sys

import tree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "build"))
import options_page  # noqa: E402  # pylint: disable=wrong-import-position


def main():
    """Checks the tree."""
    root = tree.root_from_arguments()
    if not os.path.exists(os.path.join(root, "kernel", "option_list.h")):
        tree.finish([])
    text = options_page.page(root)
    if text is None:
        tree.skip("no host compiler (gcc; HOST_CC= names another)")
    have = tree.read(root, options_page.PAGE) if options_page.PAGE in tree.files(root) else ""
    tree.finish([] if have == text else
                [f"{options_page.PAGE}: is not what kernel/option_list.h says; try:"
                 " make options-page"])


if __name__ == "__main__":
    main()
