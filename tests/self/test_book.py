"""The book is made from the chapters: no link leads nowhere, and the code it shows is the tree's."""

import os
import subprocess
import sys

import book
import pytest
from conftest import ROOT

SOURCE = """/* A comment of the file. */
#define LIMIT 5
#define TWO(a) \\
    (a + \\
     2)

static int before(void);

/* The size. */
enum { SIZE = 3, OTHER = 4 };

/*
 * Adds one.
 */
static int add_one(int value)
{
    return value + 1;
}

int last(void)
{
    return add_one(LIMIT);
}
"""


@pytest.mark.parametrize("symbol, first, last", [
    ("add_one", 12, 18), ("last", 20, 23), ("LIMIT", 1, 2), ("TWO", 3, 5), ("SIZE", 9, 10),
    ("before", 7, 7),
])
def test_lines(tmp_path, symbol, first, last):
    (tmp_path / "a.c").write_text(SOURCE)
    assert book.lines_of(str(tmp_path), "a.c", symbol) == (first, last)


def make(output, root):
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "build", "book.py"), output,
                           root], text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def test_whole_book(tmp_path):
    status, output = make(str(tmp_path), ROOT)
    assert status == 0, output
    fault = text_of(tmp_path / "html" / "stack-fault.html")
    assert 'href="code/mm/stack/' in fault
    assert "searchindex.js" in os.listdir(tmp_path / "html")
    assert "Invariants" in text_of(tmp_path / "page" / "index.html")


def small_tree(tmp_path, chapter):
    root = tmp_path / "tree"
    for folder in ("docs/pictures", "docs/images", "mm"):
        (root / folder).mkdir(parents=True)
    for name in book.OUTSIDE:
        (root / name).write_text(f"# {name}\n")
    (root / "mm" / "a.c").write_text(SOURCE)
    (root / "docs" / "index.md").write_text("# Book\n\n| a | b |\n|---|---|\n| [a](a.md) | b |\n")
    (root / "docs" / "a.md").write_text("# A\n\n" + chapter)
    return str(root)


def test_code_is_read_from_the_tree(tmp_path):
    root = small_tree(tmp_path, "It adds (`mm/a.c:last`):\n\nCode: `mm/a.c:add_one`\n")
    status, output = make(str(tmp_path / "out"), root)
    assert status == 0, output
    assert "Adds one." in text_of(tmp_path / "out" / "html" / "a.html")
    assert "add_one" in text_of(tmp_path / "out" / "html" / "code" / "mm" / "a.c.html")


@pytest.mark.parametrize("chapter, wanted", [
    ("[b](gone.md)\n", "gone.md"), ("[b](#gone)\n", "gone"),
    ("Code: `mm/a.c:gone`\n", "no gone in mm/a.c"),
])
def test_what_leads_nowhere_is_an_error(tmp_path, chapter, wanted):
    status, output = make(str(tmp_path / "out"), small_tree(tmp_path, chapter))
    assert status != 0
    assert wanted in output
