"""The check of the pictures knows one that is out of date, and `make pictures` draws it."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from test_checks import check

sys.path.insert(0, os.path.join(ROOT, "tools", "build"))
import pictures  # noqa: E402  # pylint: disable=wrong-import-position

SOURCE = "// See mm/a.c.\ndigraph a { x -> y }\n"
LAYERS = 'digraph l { t [label=<<table><tr><td id="mm">mm</td></tr></table>>] }\n'


def good():
    """The files of a tree without fault."""
    return {"mm/a.c": "", "docs/book.md": "![a](pictures/a.svg) ![l](pictures/layers.svg)\n",
            "docs/pictures/a.dot": SOURCE, "docs/pictures/layers.dot": LAYERS,
            "docs/pictures/a.svg": pictures.mark_of(SOURCE),
            "docs/pictures/layers.svg": pictures.mark_of(LAYERS)}


@pytest.mark.parametrize("name, text, wanted", [
    (None, None, None),
    ("docs/pictures/a.dot", SOURCE + "\n", "a.dot: has changed since it was drawn"),
    ("docs/pictures/a.svg", None, "a.dot: was never drawn"),
    ("docs/pictures/a.dot", None, "a.svg: has no source"),
    ("docs/book.md", "![l](pictures/layers.svg)", "a.svg: no document shows it"),
    ("mm/a.c", None, "a.dot: there is no mm/a.c"),
    ("mm/stack/b.c", "", "layers.dot: mm/stack is not drawn"),
    ("mm/a.c", None, "layers.dot: there is no mm"),
])
def test_pictures(tree, name, text, wanted):
    files = good()
    if name:
        files[name] = text
    root = tree({path: content for path, content in files.items() if content is not None})
    status, output = check("pictures", root)
    assert (status, wanted is None or wanted in output) == (int(wanted is not None), True), output


def test_make_pictures_draws_what_has_changed_and_nothing_else(tree, monkeypatch):
    root = tree({"docs/pictures/a.dot": SOURCE, "docs/pictures/b.dot": SOURCE,
                 "docs/pictures/b.svg": pictures.mark_of(SOURCE)})
    script = os.path.join(root, "tools", "build", "pictures.py")
    os.makedirs(os.path.dirname(script))
    shutil.copy(os.path.join(ROOT, "tools", "build", "pictures.py"), script)
    dot = os.path.join(root, "bin", "dot")  # graphviz itself is not needed to test
    os.makedirs(os.path.dirname(dot))
    with open(dot, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\necho '<?xml?>'; echo \"<svg>$1 $(cat)</svg>\"\n")
    os.chmod(dot, 0o755)
    monkeypatch.setenv("PATH", os.path.dirname(dot) + os.pathsep + os.environ["PATH"])
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.split() == ["DOT", "docs/pictures/a.svg"]
    with open(os.path.join(root, "docs", "pictures", "a.svg"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines[:3] == ["<?xml?>", pictures.mark_of(SOURCE), "<svg>-Tsvg " + SOURCE.split("\n", 1)[0]]
    monkeypatch.setenv("PATH", "/nonexistent")
    done = subprocess.run([sys.executable, script], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "package graphviz" in done.stderr


@pytest.mark.parametrize("rooms, status", [(("frame", "space"), 0), (("space", "frame"), 1)])
def test_order_of_the_rooms(tree, rooms, status):
    layers = "".join(f'<td id="mm/{name}">{name}</td>\n' for name in rooms)
    files = good()
    files.update({f"mm/{name}/b.c": "" for name in rooms})
    del files["mm/a.c"]
    files["docs/pictures/a.dot"] = source = "digraph a { x }\n"
    files["docs/pictures/a.svg"] = pictures.mark_of(source)
    files["docs/pictures/layers.dot"] = layers
    files["docs/pictures/layers.svg"] = pictures.mark_of(layers)
    found, output = check("pictures", tree(files))
    assert found == status, output
    assert ("the rooms of mm stand in another order" in output) == bool(status)
