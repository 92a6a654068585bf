"""The check of the retired words finds one wherever it stands, and nothing else."""

import pytest
from test_checks import check

LIST = "# a comment\n\\bbirths?\\b\tcreate, creation\n(?-i:\\bLAST_TEST\\b)\tDEATH_TEST\n" \
    "\\bhungry\\b\twaits for memory\tmm/ docs/\n" \
    "(?-i:(^|/\\* |[.] )(What|Who)\\b(?![^\\n]*\\?))\tthe subject first\n"


@pytest.mark.parametrize("name, text, wanted", [
    (None, None, None),
    ("mm/a.c", "/* The birth of a thread. */\n", "mm/a.c:1: 'birth' is retired; say: create, creation"),
    ("docs/book.md", "one\nBirths, and birthdays\n", "docs/book.md:2: 'Births' is retired"),
    ("tests/a_test.c", "LAST_TEST(PAN0001)\n", "'LAST_TEST' is retired; say: DEATH_TEST"),
    ("tests/a_test.c", "int last_test, birthday;\n", None),
    ("mm/a.c", "/* What a thread needs. */\n", "'/* What' is retired"),
    ("mm/a.c", "/* Is it full? What then? */\n", None),
    ("mm/birth.c", "", "mm/birth.c: the file's name has a retired word"),
    ("mm/a.c", "/* hungry */\n", "mm/a.c:1: 'hungry' is retired; say: waits for memory\n"),
    ("kernel/a.c", "/* hungry */\n", None),
    ("mm/a.h", "/* The same, but later. */\nint f(void);\n", "mm/a.h:1: a prototype's comment begins"),
    ("mm/a.h", "/*\n * As above. More.\n */\nmust_check int f(int a,\n      int b);\n", "'As above"),
    ("mm/a.h", "/* The same, of a type. */\nstruct a { int b; };\n", None),
    ("mm/a.h", "/* The same numbers in every run. */\nint f(void);\n", None),
    ("docs/glossary.md", "birth is now creation\n", None),
    ("CHANGES.md", "birth is now creation\n", None),
    ("docs/pictures/a.svg", "birth\n", None),
    ("tools/check/retired_words", "\\bbirths?\\b\n", "retired_words:1: nothing stands behind the tab"),
])
def test_words(tree, name, text, wanted):
    files = {"tools/check/retired_words": LIST, "lib/list.h": "#pragma once\n"}
    if name:
        files[name] = text
    status, output = check("words", tree(files))
    assert (status, wanted is None or wanted in output) == (int(wanted is not None), True), output


def test_a_tree_without_the_list_is_refused(tree):
    assert check("words", tree({"lib/a.c": ""})) == (1, "tools/check/retired_words is missing\n")
