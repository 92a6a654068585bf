"""The check that the kernel has no code of its servers finds a function of each subject."""

import pytest
from test_checks import check

GOOD = ("ffffffff80100000 T boot_main", "ffffffff80100100 t path_find.isra.0",
        "ffffffff80100200 T line_editor_key", "ffffffff80100300 T tar_find",
        "ffffffff80100400 D file_tree", "ffffffff80100500 T counter_name")


@pytest.mark.parametrize("line, wanted", [
    (None, None),
    ("ffffffff80100600 T discipline_key", "discipline_key(): code of a line discipline"),
    ("ffffffff80100600 t tty_write.constprop.0", "tty_write(): code of a line discipline"),
    ("ffffffff80100600 T file_tree_write", "file_tree_write(): code of files"),
    ("ffffffff80100600 T files_serve_open", "files_serve_open(): code of files"),
    ("ffffffff80100600 T names_serve_publish", "names_serve_publish(): code of names"),
    ("ffffffff80100600 t statement_parse", "statement_parse(): code of a shell"),
])
def test_kernel_symbols(tree, line, wanted):
    listing = "\n".join((*GOOD, line) if line else GOOD) + "\n"
    status, output = check("kernel_symbols", tree({"build/release/kernel.nm": listing}))
    assert (status, wanted is None or wanted in output) == (int(wanted is not None), True), output


def test_without_a_kernel_the_check_is_skipped(tree):
    status, output = check("kernel_symbols", tree({"lib/a.c": "int a;\n"}))
    assert (status, "make kernel" in output) == (77, True), output
