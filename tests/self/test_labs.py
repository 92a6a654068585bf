"""The machinery of the coursework: regions, what students get, leaks, and what is carried forward."""

import functools
import json
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))

from lab import answers, carry, check, clean_tree, course, grade, leaks, measure, model, observers, questions, regions, result, watch, write  # noqa: E402  # pylint: disable=wrong-import-position

FILE = """int f(void)
{
    /* LAB 5 BEGIN part: what to write */
    int solved = 1;
    return solved;
    /* LAB 5 END part */
}
"""


@pytest.fixture(scope="module", name="labs")
def fixture_labs():
    return course.labs(ROOT)


@pytest.fixture(scope="module", name="texts")
def fixture_texts():
    return {number: write.make_tree(ROOT, number) for number in course.labs(ROOT)}


@functools.cache
def solutions():
    names = [name for name in write.tree.files(ROOT) if write.is_given(name)
             and name.endswith(regions.SUFFIXES)]
    return regions.of_tree(write.read_texts(ROOT, names))


def test_a_region_is_read_and_replaced_and_the_rest_stays():
    region, = regions.find(FILE)
    assert (region.lab, region.name, region.hint) == (5, "part", "what to write")
    assert regions.replaced(FILE, {(5, "part"): "    return 0;\n"}) == FILE.replace(region.body,
                                                                                     "    return 0;\n")
    assert regions.replaced(FILE, {}) == FILE
    asm = "; LAB 5 BEGIN path: serve it\n    ret\n; LAB 5 END path\n"
    assert [one.body for one in regions.find(asm)] == ["    ret\n"]


@pytest.mark.parametrize("text", [
    FILE.replace("END part", "END other"), FILE.replace("LAB 5 END part", "the end"),
    FILE.replace("BEGIN part: what to write", "BEGIN part"), FILE.replace("LAB 5 END", "LAB 6 END"),
    FILE.replace("    int solved = 1;\n", "    /* LAB 5 BEGIN inner: again */\n")])
def test_marks_that_do_not_fit_together_are_refused(text):
    with pytest.raises(regions.Malformed):
        regions.find(text)


def test_every_region_has_a_lab_and_a_stub(labs):
    for (number, name), (path, region) in solutions().items():
        stub = course.stub(labs[number], name)
        assert "not yet" in stub or not stub.strip(), f"{path}: {name}"
        assert f"lab {number}: not yet" in stub or not stub.strip()
        assert stub != region.body


def test_each_lab_has_its_points_and_wrong_solutions(labs):
    for lab in labs.values():
        assert lab.total == 100
        assert len({item.name for item in lab.items}) == len(lab.items)
        wrong = [name for name in os.listdir(os.path.join(lab.folder, "wrong")) if "attack" not in name]
        assert len(wrong) >= 6, f"lab {lab.number} has {len(wrong)} wrong solutions"


def test_each_lab_is_of_the_right_size(labs):
    for lab in labs.values():
        places = [place for key, place in solutions().items()
                  if key[0] == lab.number and key[1] not in lab.unwritten]
        assert measure.complaints(ROOT, lab, places) == []


def test_planted_submissions_fit_the_solution_and_six_wrong_ones_pass_something(labs):
    found = solutions()

    class Solved:
        @staticmethod
        def solution(lab):
            return {key: region.body for key, (_, region) in found.items() if key[0] == lab.number}

        @staticmethod
        def skeleton(lab):
            return {key: course.stub(lab, key[1]) for key in Solved.solution(lab)}

    for lab in labs.values():
        visible = {item.name for item in lab.items if not item.hidden}
        lost = [set(re.sub("^all$", " ".join(visible), course.read_toml(path)["lost"]).split())
                for path in check.planted_paths(lab) if "/attack" not in path]
        assert sum(bool(visible - one) for one in lost) >= 6, lab.number
        for one in check.planted(lab) if lab.machine else ():
            assert one.bodies(Solved) != Solved.solution(lab), f"lab {lab.number}: {one.name}"
            assert set(one.lost) <= {item.name for item in lab.items}, f"lab {lab.number}: {one.name}"


def test_a_lab_needs_later_labs_only_and_its_items_name_what_there_is(labs):
    for lab in labs.values():
        assert all(number > lab.number and number in labs for number in lab.needs)
        for item in lab.items:
            assert item.outside == "" or item.outside in observers.OBSERVERS
            assert not item.death or len(item.tests) == 1
            assert not item.model or os.path.exists(os.path.join(ROOT, item.model))


def ended(line, kind=6, changed=""):
    item = course.Item("one", 10, "what", ("AAA0001",), death="double fault", death_stack=6, death_names="rip address")
    return watch.judge_death(item, (kind, 0xffffffff80001000, 0xdead000, changed), line)


def test_an_end_counts_on_its_stack_and_in_its_words_only():
    line = "PANIC: Double fault at 0xffffffff80001000, CR2 0xdead000"
    assert ended(line) == watch.PASSED
    assert "on entry stack 1" in ended(line, kind=1)
    assert "address dead000" in ended(line.replace("0xdead000", "0x0"))
    assert "the words" in ended("PANIC: at ffffffff80001000, dead000")
    assert "not as it was built" in ended(line, changed="panic")


def judged_model(tmp_path, old, new):
    path = "tests/gate/small_gate.pml"
    item = course.Item("model", 10, "what", ("REACH_DEEP",), model=path)
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    assert text.count(old) == 1
    (tmp_path / "tests/gate").mkdir(parents=True)
    (tmp_path / path).write_text(text.replace(old, new))
    return model.judge(item, clean_tree.Paths(str(tmp_path)))


@pytest.mark.parametrize("text", ["    c_code { exit(0); };\n", '#include "/etc/hostname"\n',
                                  "  # define magazine other\n", "    c_expr { 1 };\n"])
def test_a_model_with_code_or_directives_is_not_searched(tmp_path, text):
    graded = judged_model(tmp_path, "    missing[s]--\n", text + "    missing[s]--\n")
    assert graded.earned == 0 and "not allowed" in graded.why[0]


def test_a_model_that_spin_refuses_earns_nothing_and_says_why(tmp_path):
    graded = judged_model(tmp_path, "    missing[s]--\n", "    missing[s\n")
    assert graded.earned == 0 and graded.why[0].startswith("spin")


def test_tests_that_must_fail_earn_nothing_if_they_pass():
    item = course.Item("one", 10, "what", ("AAA0001",), fails=True)
    for seen, earned in (("64 failed checks", 10), ("passed", 0), ("did not end (hang)", 0)):
        assert grade.judge(item, watch.Seen({"AAA0001": seen})).earned == earned


def test_each_interface_compiles_and_one_that_lies_does_not(labs, tmp_path):
    for lab in labs.values():
        assert measure.interface_complaints(ROOT, lab) == []
    (tmp_path / "interface.h").write_text('#include "sched/sync/mutex.h"\nint mutex_lock(struct mutex *mutex);\n')
    lie = course.Lab(**{**vars(labs[8]), "folder": str(tmp_path), "header": "interface.h"})
    complaint, = measure.interface_complaints(ROOT, lie)
    assert "conflicting types for" in complaint and "mutex_lock" in complaint


def test_each_command_of_gdb_in_a_handout_exists(labs):
    with open(os.path.join(ROOT, "tools/debug/stalactite/gdb_commands.py"), encoding="utf-8") as file:
        known = set(re.findall(r'\("(\w+)", \w+Command\)', file.read()))
    assert "threads" in known
    for lab in labs.values():
        with open(os.path.join(lab.folder, "handout.md"), encoding="utf-8") as file:
            assert set(re.findall(r"(?:^|`)st (\w+)", file.read(), re.MULTILINE)) <= known


def test_a_section_ends_at_the_next_heading_of_its_level():
    lines = ["# A", "x", "## B", "y", "### C", "z", "## D"]
    assert measure.section(lines, "B") == lines[2:6]
    with pytest.raises(ValueError):
        measure.section(lines, "E")


def test_students_get_stubs_of_their_lab_and_of_later_ones_and_earlier_solutions(texts, labs):
    for number, tree in texts.items():
        for key, (_, region) in regions.of_tree(tree).items():
            given = key[0] < number or key[0] in labs[number].needs or not labs[number].machine
            expected = solutions()[key][1].body if given else course.stub(labs[key[0]], key[1])
            assert region.body == expected
    later = write.make_tree(ROOT, 1, later=True)
    for key, (_, region) in regions.of_tree(later).items():
        assert (region.body == solutions()[key][1].body) == (key[0] != 1)


def test_students_get_nothing_that_tells_solutions_or_hidden_tests(texts, labs):
    for number, tree in texts.items():
        assert not any(name.startswith(("labs/", "tests/mutants/", "tests/host/", ".git/")) for name in tree)
        assert not any(name in tree for name in labs[number].hidden_files)
        for item in labs[number].items:
            for test in item.tests if item.hidden else ():
                assert test not in tree["lab/points.toml"]
        assert "hidden_files" not in tree["lab/lab.toml"]


def test_a_points_file_without_hidden_tests_reads_as_one(texts, tmp_path):
    for tree in texts.values():
        for name in ("lab.toml", "points.toml"):
            (tmp_path / name).write_text(tree[f"lab/{name}"])
        lab = course.read_lab(str(tmp_path))
        assert lab.total == 100
        assert all(not item.tests for item in lab.items if item.hidden)
        if not lab.machine:
            continue
        one = grade.grade_item(lab, next(item for item in lab.items if item.hidden), None, None)
        assert (one.earned, one.what) == (0, "hidden tests: not shown here")


LEAKED = """
    while (backed != leaf) {
        if (stack_entry_return(--backed)) {
            continue;
        }
"""


@pytest.mark.parametrize("name, text", [
    ("mm/stack/other.c", LEAKED), ("docs/chapter.md", LEAKED),
    ("tests/other.py", "old = (\n" + "".join(f'    "{line}\\n"\n' for line in LEAKED.splitlines()) + ")"),
    ("mm/stack/comment.c", "/*" + LEAKED.replace("\n", "\n * ") + "*/"),
    ("notes.txt", "Fills from the top: " + LEAKED.replace("\n", " "))])
def test_a_planted_leak_is_found(name, text):
    secret = {key: place for key, place in solutions().items() if key[0] == 5}
    assert leaks.find({name: text}, secret)
    assert not leaks.find({name: "nothing of that kind"}, secret)


def test_a_tree_with_a_planted_leak_is_not_written(tmp_path, monkeypatch, capsys):
    real = write.read_texts

    def planted(root, names):
        texts = real(root, names)
        if "docs/memory.md" in texts:
            texts["docs/memory.md"] += LEAKED
        return texts

    monkeypatch.setattr(write, "read_texts", planted)
    out = tmp_path / "out"
    assert write.main(["--lab", "5", "--out", str(out)]) == 1
    assert "docs/memory.md" in capsys.readouterr().err
    assert not out.exists()


def test_the_first_page_of_a_students_tree_names_what_is_in_it(labs, texts):
    for number, found in texts.items():
        page = found["README.md"]
        assert {path for path in re.findall(r"`(lab/[a-z.]+)`", page)} >= {"lab/handout.md", "lab/points.toml", "lab/design.md"}
        for path in re.findall(r"`((?:lab|docs)/[a-z./-]+[a-z])`", page):
            assert path in found, f"lab {number}: {path}"
        assert ("not yet" in page and "hole" in page) == labs[number].machine, f"lab {number}"
        assert ("`lab/answers.toml`" in page) == (not labs[number].machine), f"lab {number}"


def test_a_handout_says_whether_holes_are_graded_as_stubs(labs):
    for lab in labs.values():
        with open(os.path.join(lab.folder, "handout.md"), encoding="utf-8") as file:
            assert ("puts the stubs" in file.read()) == bool(lab.unwritten), f"lab {lab.number}"


def test_a_students_chapters_have_their_pictures(texts):
    for number, found in texts.items():
        for path, text in found.items():
            for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text) if path.startswith("docs/") else ():
                assert os.path.normpath(os.path.join("docs", picture)) in found, f"lab {number}: {path} shows {picture}"


def student_tree(path, number=2):
    assert write.main(["--lab", str(number), "--out", str(path)]) == 0
    return path


def change(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_work_is_carried_to_the_next_lab_and_to_an_update(tmp_path, capsys):
    mine = student_tree(tmp_path / "mine")
    stub = course.stub(course.labs(ROOT)[2], "buddy-put")
    change(mine / "mm/frame/buddy.c", stub, "    /* my own words */\n    panic(\"mine\");\n")
    change(mine / "mm/frame/buddy.h", "#pragma once\n", "#pragma once\n#define MY_OWN 1\n")
    (mine / "mm/frame/my_own.c").write_text("/* A file of mine. */\n")
    (mine / "lab/design.md").write_text("my design\n")
    following = tmp_path / "following"
    assert write.main(["--lab", "5", "--out", str(following), "--from", str(mine)]) == 0
    found = regions.of_tree(carry.tree_texts(str(following)))
    assert "my own words" in found[(2, "buddy-put")][1].body
    assert found[(2, "buddy-take")][1].body == course.stub(course.labs(ROOT)[2], "buddy-take") or \
        found[(2, "buddy-take")][1].body == solutions()[(2, "buddy-take")][1].body
    assert "MY_OWN" in (following / "mm/frame/buddy.h").read_text()
    assert (following / "mm/frame/my_own.c").exists()
    assert "lab 5: not yet" in found[(5, "pages-fill")][1].body

    fresh = student_tree(tmp_path / "fresh")
    change(fresh / "mm/frame/buddy.h", "#pragma once\n", "#pragma once\n#define NEWER 1\n")
    assert carry.main([str(mine), str(fresh)]) == 0
    assert "my own words" in (fresh / "mm/frame/buddy.c").read_text()
    assert "NEWER" in (fresh / "mm/frame/buddy.h").read_text()
    assert "MY_OWN" in (fresh / "mm/frame/buddy.h.mine").read_text()
    assert "buddy.h.mine" in capsys.readouterr().out


@pytest.mark.parametrize("words", ["", "nothing", "other"])
def test_an_update_goes_into_a_students_tree_only(tmp_path, capsys, words):
    mine = student_tree(tmp_path / "mine")
    (mine / "mm/frame/my_own.c").write_text("/* A file of mine. */\n")
    (tmp_path / "other").mkdir()
    assert carry.main([str(mine), words and str(tmp_path / words)]) == 2
    said = capsys.readouterr()
    assert ("is no tree of a lab: it has no lab/manifest.json" if words else "make update NEW=dir") in said.err
    assert not said.out.endswith("yours\n")
    assert not (tmp_path / "nothing").exists() and os.listdir(tmp_path / "other") == []


def test_work_is_carried_from_a_students_tree_only(tmp_path, capsys):
    assert write.main(["--lab", "5", "--out", str(tmp_path / "out"), "--from", str(tmp_path)]) == 1
    assert f"{tmp_path} is no tree of a lab: it has no lab/manifest.json" in capsys.readouterr().err


def make_says(folder, *words):
    """Returns the status of make in a folder, without the words of the make that runs this test, and all that it says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-C", folder, "--no-print-directory", *words], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, env=environment)
    return done.returncode, done.stdout


@pytest.mark.parametrize("words, said", [
    (["lab"], "make lab needs N="), (["lab", "N=5"], "make lab needs OUT="), (["lab-grade", "SUBMISSION=x"], "make lab-grade needs N="),
    (["lab-grade", "N=5"], "make lab-grade needs SUBMISSION="), (["gradescope"], "make gradescope needs N="),
    (["lab-grade", "N=5", "SUBMISSION=/nowhere"], "there is no folder /nowhere"),
    (["lab-grade", "N=77", "SUBMISSION=/nowhere"], "there is no lab 77; there are: 0, 1,"),
    (["labs-check", "N=77"], "there is no lab 77; there are: 0, 1,")])
def test_a_goal_that_lacks_a_word_says_which(words, said):
    status, output = make_says(ROOT, *words)
    assert status and said in output and "Errno" not in output, output


def test_a_students_tree_names_only_goals_that_it_has(tmp_path):
    mine = student_tree(tmp_path / "mine")
    status, said = make_says(mine, "help")
    goals = re.findall(r"^make (\S+)", said, re.MULTILINE)
    assert status == 0 and {"grade", "update", "run", "debug", "test-quick", "bochs"} <= set(goals), said
    for gone in ("test", "check", "book", "mutants", "model", "test-in", "next-id", "protocols-page"):
        assert gone not in goals
        status, said = make_says(mine, gone)
        assert status and f"make {gone} is not in a tree of a lab" in said and "make grade" in said, said
    status, said = make_says(mine, "grade", "ITEM=nothing")
    assert status and "lab 2 has no item nothing; it has: boot, blocks" in said, said


def test_a_full_directory_is_not_written_to(tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert write.main(["--lab", "5", "--out", str(tmp_path)]) == 1
    assert "not empty" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["file"]


def judged(verdicts, observed=(), end="", lines=()):
    item = course.Item("one", 10, "what", tuple(verdicts), "because", least=2)
    return grade.judge(item, watch.Seen(dict(verdicts), {}, dict(observed), end, list(lines)))


def test_an_item_earns_all_or_nothing():
    assert judged({"AAA0001": "passed"}).earned == 10
    assert judged({"AAA0001": "passed", "AAA0002": "did not run"}).earned == 0
    assert judged({"AAA0001": "passed"}, {"stack-faults": (2, [])}).earned == 10
    few = judged({"AAA0001": "passed"}, {"stack-faults": (1, [])})
    assert few.earned == 0 and "expected 2 that are right; seen: 1" in few.why[0]
    assert judged({"AAA0001": "passed"}, {"stack-faults": (9, ["a wrong one"])}).earned == 0


def test_a_failure_says_what_was_seen_why_and_how_to_run_it_again():
    text = result.text_of(judged({"AAA0001": "3 failed checks"}, end="hang: ...",
                                 lines=["NMI: CPU 0 in thread 1", "  #0 0x1 spin+0x2", "other"]))
    for part in ("expected: passed; seen: 3 failed checks", "likely: because", "make grade ITEM=one",
                 "NMI: CPU 0", "spin+0x2"):
        assert part in text
    assert "other" not in text


def test_results_are_written_in_every_form(tmp_path):
    grading = result.Grading(5, "Dynamic stacks", 30, "somebody")
    grading.items = [result.ItemResult("a", "first", 10, 10), result.ItemResult("b", "<second>", 20, 0, True)]
    result.write_all(grading, str(tmp_path))
    read = json.loads((tmp_path / "results.json").read_text())
    assert read["score"] == 10
    assert [test["visibility"] for test in read["tests"]] == ["visible", "after_published"]
    handed_in = json.loads((tmp_path / "result.json").read_text())
    assert (handed_in["schema"], handed_in["score"], handed_in["max-score"], handed_in["owner"]) == \
        ("classroom50/result/v1", 10, 30, "somebody")
    assert [test["passed"] for test in handed_in["tests"]] == [True, False]
    assert json.loads((tmp_path / "model.json").read_text())["items"][1]["hidden"]
    shown = (tmp_path / "page.html").read_text()
    assert "10 of 30" in shown and "second" not in shown
    assert "&lt;second&gt;" in (tmp_path / "results.xml").read_text()
    assert (tmp_path / "results.csv").read_text().splitlines()[1] == "somebody,5,10,10,0"


def test_answers_are_right_by_arithmetic_of_their_own():
    task, right = questions.make("some class")
    assert questions.make("some class") == (task, right) != questions.make("another class")
    indices = [right[f"walk.level{level}"] for level in (4, 3, 2, 1)]
    address = 0xffff << 48
    for index, shift in zip(indices, (39, 30, 21, 12)):
        address |= index << shift
    address |= right["walk.offset"]
    assert f"{address:#x}" in task
    assert address == 0xffffc00000000000 + right["walk.slot"] * 32768 + right["walk.page"] * 4096 + \
        right["walk.offset"]
    assert f"{right['frame.rsp'] - right['frame.below']:#x}" in task


def test_written_answers_earn_points_by_group(tmp_path):
    folder = student_tree(tmp_path / "mine", 0) / "lab"
    lab = course.labs(ROOT)[0]
    _, right = questions.make(lab.seed)
    text = (folder / "answers.toml").read_text()
    given, digests, salt = grade.written(str(folder))
    graded = [grade.grade_item(lab, item, None, None, (given, digests, salt)).earned for item in lab.items]
    assert graded == [0, 0, 0]
    for key, answer in right.items():
        if not key.startswith("frame"):
            group, name = key.split(".")
            begin = text.index(f"[{group}]")
            text = text[:begin] + text[begin:].replace(f'{name} = ""', f'{name} = "{answer}"', 1)
    (folder / "answers.toml").write_text(text)
    given, digests, salt = grade.written(str(folder))
    graded = [grade.grade_item(lab, item, None, None, (given, digests, salt)) for item in lab.items]
    assert [one.earned for one in graded] == [40, 30, 0]
    assert "frame.rip: no answer" in graded[2].why
    for answer in map(str, right.values()):
        assert len(answer) < 6 or answer not in (folder / "digests.json").read_text()


def test_numbers_of_answers_may_be_written_in_any_base():
    assert answers.normal("0xFF") == answers.normal(" 255 ") == answers.normal(255)
    assert answers.normal("Yes") == "yes"


def test_a_clean_tree_follows_this_tree_and_holds_nothing_else(tmp_path):
    path = tmp_path / "clean"
    clean = clean_tree.CleanTree(ROOT, str(path))
    lab = clean.labs[5]
    (path / "mm/frame/buddy.h").unlink()
    (path / "mm/frame/planted.c").write_text("/* of a submission, or of an older tree */\n")
    (path / "Makefile").write_text("all:\n")
    clean = clean_tree.CleanTree(ROOT, str(path))
    clean.put(lab, {**clean.skeleton(lab), (5, "pages-fill"): "    mine();\n", (5, "no-region"): "other"})
    assert not (path / "mm/frame/planted.c").exists()
    for name in ("Makefile", "mm/frame/buddy.h", "tests/stack/unmap_test.c"):
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            assert (path / name).read_text() == file.read()
    found = regions.of_tree(carry.tree_texts(str(path)))
    assert found[(5, "pages-fill")][1].body == "    mine();\n"
    assert "not yet" in found[(5, "short-path")][1].body
