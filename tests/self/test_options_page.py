"""The page of options is made from the list, and the check sees when it is not."""

import os
import shutil

from conftest import ROOT
from test_checks import check


def test_the_page_is_checked_against_the_list(tmp_path):
    root = tmp_path / "tree"
    for folder in ("arch", "boot", "kernel", "lib", "mm", "sched", "tests/host/fake", "docs"):
        shutil.copytree(os.path.join(ROOT, folder), root / folder)
    assert check("options", str(root)) == (0, "")
    listed = root / "kernel" / "option_list.h"
    text = listed.read_text()
    assert "MAGAZINE_ROUNDS_MAX, MAGAZINE_ROUNDS_DEFAULT" in text
    listed.write_text(text.replace("MAGAZINE_ROUNDS_MAX, MAGAZINE_ROUNDS_DEFAULT", "63, 8"))
    status, output = check("options", str(root))
    assert (status, "make options-page" in output) == (1, True)
    listed.write_text(text)
    os.remove(root / "docs" / "options.md")
    assert check("options", str(root))[0] == 1
