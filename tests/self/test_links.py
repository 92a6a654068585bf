"""The check of the links finds a file or a heading that is gone."""

import pytest
from test_checks import check

BOOK = "# The book\n\n## What [FRED](a.md) is, and `why`\n\n```\n# no heading\n```\n"


@pytest.mark.parametrize("text, wanted", [
    ("[a](../README.md) [b](book.md#what-fred-is-and-why) [c](#here)\n\n## Here\n", None),
    ("[site](https://example.org/#x) `[code](gone.md)`\n```\n[code](gone.md)\n```\n", None),
    ("[a](gone.md)\n", "there is no docs/gone.md"),
    ("[a](book.md#fred)\n", "docs/book.md has no heading for #fred"),
    ("[a](book.md#no-heading)\n", "no heading for #no-heading"),
    ("![picture](pictures/a.svg)\n", "there is no docs/pictures/a.svg"),
])
def test_links(tree, text, wanted):
    root = tree({"README.md": "", "docs/book.md": BOOK, "docs/a.md": text})
    status, output = check("links", root)
    assert (status, wanted is None or wanted in output) == (int(wanted is not None), True), output
