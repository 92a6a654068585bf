"""Commands that the book shows: how they are found and compared, and those that are typed on this machine."""

import subprocess

import pytest
from conftest import ROOT
from runner import shown

TEXT = """Text.

<!-- run -->
```
stalactite> fault 2000
  0 stack faults, 2000 bytes deep in 7 calls
stalactite> mag
...
```

```
stalactite> not this one
```
"""


def test_marked_blocks_alone_are_run():
    one, other = shown.of_text(TEXT, "chapter")
    assert (one.text, one.shown) == ("fault 2000", ["  0 stack faults, 2000 bytes deep in 7 calls"])
    assert (other.text, other.shown) == ("mag", ["..."])
    with pytest.raises(ValueError):
        shown.of_text("<!-- run -->\n```\nno prompt\n```\n", "chapter")


@pytest.mark.parametrize("one, other", [
    ("  3 faults, 12,000 bytes", "4 faults,   9 bytes"), ("at 0xffff8000 in f+0x12", "at 0x1 in f+0x3"),
    ("[    3.01] rtc: 64", "[   12.345678] rtc: 1"), ("1  0 [####  ] 4 idle", "12 0 [#     ] 1 idle")])
def test_numbers_do_not_make_a_shape(one, other):
    assert shown.shape(one) == shown.shape(other) != shown.shape(one + " more")


@pytest.mark.parametrize("lines, seen, said", [
    (["a 1", "b"], ["a 2", "b"], ""), (["a", "..."], ["a", "x", "y"], ""), (["...", "b"], ["a", "b"], ""),
    (["a", "b"], ["a"], "no more"), (["a"], ["a", "b"], "also printed 'b'"), (["a"], ["c"], "printed 'c'"),
    (["...", "b"], ["a", "c"], "no more"), ([], ["a"], "also printed 'a'")])
def test_a_difference_is_told(lines, seen, said):
    words = shown.difference(lines, seen)
    assert said in words and bool(said) == bool(words)


@pytest.mark.parametrize("command", shown.of_book(ROOT, "$ "), ids=lambda one: f"{one.chapter}:{one.text.split()[0]}")
def test_commands_of_the_book_print_what_it_shows(command):
    done = subprocess.run(command.text, shell=True, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    seen = [line for line in done.stdout.splitlines() if line.strip()]
    assert shown.difference([line for line in command.shown if line.strip()], seen) == ""
