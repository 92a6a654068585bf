"""What is made from the lists of protocols, and that their check sees mistakes."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from test_checks import check

sys.path.insert(0, os.path.join(ROOT, "tools", "build"))
import protocols  # noqa: E402  # pylint: disable=wrong-import-position

LIST = """/* Counts. */
#define COUNT_PROTOCOL 9
#define COUNT_OPERATIONS(OPERATION) \\
    OPERATION(1, add, "by: value how much; note: bytes", "sum: value; text: bytes; more: handle", \\
        "QUOTA, AGAIN", "Adds.") \\
    OPERATION(2, give, "what: handle", "", "", "Gives.")
"""


def test_entries_are_read():
    count = protocols.Protocol("count", LIST)
    add, give = count.operations
    assert (count.number, count.sentence) == (9, "Counts.")
    assert add.arguments == [("by", "value", "how much"), ("note", "bytes", None)]
    assert (add.errors, give.results) == (["QUOTA", "AGAIN"], [])


@pytest.mark.parametrize("old, new", [
    ("by: value", "by: number"), ("(2, give", "(3, give"), ("COUNT_PROTOCOL 9", "COUNT_PROTOCOL 256"),
    ('"Gives."', "Gives"), ("sum: value", "sum: bytes"), ("by: value how much", "a: handle; b: handle")])
def test_mistakes_in_a_list_are_refused(old, new):
    assert old in LIST
    with pytest.raises(ValueError):
        protocols.Protocol("count", LIST.replace(old, new))


def test_the_stubs_compile(tmp_path):
    (tmp_path / "user" / "protocol").mkdir(parents=True)
    (tmp_path / "user" / "protocol" / "count.h").write_text(
        '#include "user/protocol/protocol.h"\n' + LIST[LIST.index("#define"):])
    (tmp_path / "count_protocol.h").write_text(protocols.stubs(protocols.Protocol("count", LIST)))
    (tmp_path / "user.c").write_text("""#define PROTOCOL_COUNT_SERVER
#include "count_protocol.h"
static int64_t count_serve_add(struct protocol_request *request, uint64_t by, const char *note,
                               size_t note_bytes, uint64_t *sum, char *text, size_t *text_bytes, uint32_t *more)
{
    *sum = by + note_bytes; *text = *note; *text_bytes = 1; *more = 0;
    return (int64_t)request->badge;
}
static int64_t count_serve_give(struct protocol_request *request, uint32_t what)
{
    return request->handle == what;
}
int64_t f(struct protocol_request *request)
{
    uint64_t sum; uint32_t more; char text[9]; size_t bytes;
    return count_dispatch(request) + count_add(1, 2, "x", 1, &sum, text, sizeof(text), &bytes, &more)
           + count_give(1, 2);
}
""")
    run = subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-I", ROOT, "-I", ".",
                          "-c", "-o", "user.o", "user.c"], cwd=tmp_path, capture_output=True,
                         text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("old, new, complaint", [
    ("Gives a name to a service.", "Names a service.", "make protocols-page"),
    ("NO_RIGHT, INVALID", "NONSENSE, INVALID", "no ERROR_NONSENSE"),
    ("NAMES_PROTOCOL   1", "NAMES_PROTOCOL   2", "two protocols have one number")])
def test_the_check_sees_mistakes(tmp_path, old, new, complaint):
    root = tmp_path / "tree"
    for folder in ("user/protocol", "lib", "docs"):
        shutil.copytree(os.path.join(ROOT, folder), root / folder)
    listed = root / "user" / "protocol" / "names.h"
    text = listed.read_text()
    assert old in text
    listed.write_text(text.replace(old, new))
    status, output = check("protocols", str(root))
    assert status == 1 and complaint in output
