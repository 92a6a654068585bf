#!/usr/bin/env python3
"""Writes the tree of a lab for students: `make lab N=5 OUT=dir`.

The regions of the lab become stubs. Those of earlier labs have their solutions, or with --from what
the student wrote there; those of later labs are stubs, or with --later solved. Then both trees are
compared, and nothing is written if text of a solution is anywhere in the student's tree.
"""

import argparse
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "check"))

from lab import answers, carry, course, leaks, questions, regions, report  # noqa: E402  # pylint: disable=wrong-import-position
import tree  # noqa: E402  # pylint: disable=wrong-import-position

# What students do not get. The book's chapters stay: they are searched like everything else.
LEFT_OUT = ("labs/", "tools/lab/", "tools/check/", "tests/mutants/", "tests/model/", "tests/host/",
            "tests/self/", "docs/decisions/", "docs/book/", ".github/", ".ci/")
LEFT_OUT_FILES = ("README.md", "CHANGES.md", "CONTRIBUTING.md", "make/labs.mk", "docs/model.md",
                  "docs/teaching.md", "compile_commands.json")
# Of the machinery, what grades and carries work forward.
GIVEN = ("__init__.py", "regions.py", "course.py", "carry.py", "grade.py", "outside.py", "watch.py",
         "outside_events.py", "model.py", "outside_threads.py", "observers.py", "outside_messages.py",
         "report.py", "image.py", "result.py", "answers.py")
# A picture that is no text.
PHOTOGRAPH = re.compile(r"!\[([^]]*)\]\([^)]+\.png\)")


class Refused(Exception):
    """The tree is not written, for the reason that the text gives."""


def read_texts(root, names):
    """Returns {name: text} of files, which must all be text."""
    texts = {}
    for name in names:
        with open(os.path.join(root, name), "rb") as file:
            data = file.read()
        try:
            texts[name] = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(f"{name} is no text, so it cannot be searched for solutions") from None
    return texts


def is_given(name):
    """Returns whether a file of this tree belongs to a student's."""
    return not name.startswith(LEFT_OUT) and name not in LEFT_OUT_FILES


def bodies_for(labs, found, number, later, carried):
    """Returns ({key: body} of all regions, {key: (path, Region)} of the solutions that are kept back)."""
    bodies, secret = {}, {}
    for key, (path, region) in found.items():
        if region.lab not in labs:
            raise Refused(f"{path}: there is no lab {region.lab}")
        if region.lab < number or region.lab > number and \
                (later or region.lab in labs[number].needs or not labs[number].machine):
            bodies[key] = region.body
        else:
            bodies[key] = course.stub(labs[region.lab], region.name)
            secret[key] = (path, region)
    for key, body in carried.items():
        if key in bodies:
            bodies[key] = body
    return bodies, secret


def lab_files(root, lab):
    """Returns {name: text} of what a student's tree has instead of this tree's files."""
    files = {}
    for source, target in (("handout.md", "lab/handout.md"), ("design.md", "lab/design.md"),
                           ("lab.toml", "lab/lab.toml"), (lab.header, "lab/interface.h")):
        if not source:
            continue
        files[target] = read_texts(lab.folder, [source])[source]
    files["lab/lab.toml"] = re.sub(r"^(# Files of tests|hidden_files|unwritten|# Optional|# Questions|seed|# Where the attacks|attacked).*\n", "",
                                   files["lab/lab.toml"], flags=re.MULTILINE)
    if not lab.machine:
        files.update(question_files(lab))
    files["lab/points.toml"] = visible_points(read_texts(lab.folder, ["points.toml"])["points.toml"])
    student = read_texts(os.path.join(root, "labs", "student"), ("README.md", "README.written.md", "lab.mk"))
    first_page = with_files(student["README.md" if lab.machine else "README.written.md"], files)
    for target, text in (("README.md", first_page), ("make/lab.mk", student["lab.mk"])):
        files[target] = text.replace("@N@", str(lab.number)).replace("@TITLE@", lab.title) \
            .replace("@CMDLINE@", lab.cmdline)
    names = [name for name in GIVEN if os.path.exists(os.path.join(root, "tools", "lab", name))]
    for name, text in read_texts(os.path.join(root, "tools", "lab"), names).items():
        files[f"tools/lab/{name}"] = text
    return files


def with_files(page, files):
    """Returns a first page whose table has no line of a file that the tree does not have."""
    return "".join(line for line in page.splitlines(keepends=True)
                   if not line.startswith("| `lab/") or line.split("`")[1] in files)


def question_files(lab):
    """Returns {name: text} of what a lab of written answers asks for."""
    if lab.report:
        return {"lab/answers.toml": report.template(),
                "lab/report.md": read_texts(lab.folder, ["report.md"])["report.md"]}
    task, right = questions.make(lab.seed)
    said = {"salt": answers.salt_of(lab.seed), "digests": answers.digests_of(lab.seed, right)}
    return {"lab/task.md": task, "lab/answers.toml": questions.template(right),
            "lab/digests.json": json.dumps(said, indent=1) + "\n"}


def visible_points(text):
    """Returns a points file whose hidden items keep name and points, and nothing that says what is
    tested."""
    shown = []
    for part in text.split("[[item]]"):
        if "hidden = true" in part:
            part = "".join(line + "\n" if line.startswith(("name", "points", "hidden")) else
                           f'{line.split(" =")[0]} = ""\n' if line.startswith(("what", "tests", "reason"))
                           else "" if line.startswith(("outside", "least", "cmdline", "death")) else line + "\n"
                           for line in part.splitlines())
        shown.append(part)
    return "[[item]]".join(shown)


def without_photographs(text):
    """Returns a chapter with the words of a picture in place of the picture, if that is no text: a student's tree has
    texts alone."""
    return PHOTOGRAPH.sub(r"(A picture of the book: \1.)", text)


def make_tree(root, number, later=False, carried=None):
    """Returns {name: text} of the student's tree. Raises Refused if it may not be written."""
    if course.missing(root, number):
        raise Refused(course.missing(root, number))
    labs = course.labs(root)
    lab = labs[number]
    names = [name for name in tree.files(root) if is_given(name) and name not in lab.hidden_files]
    texts = read_texts(root, [name for name in names if not name.endswith((".png", ".ico"))])
    bodies, secret = bodies_for(labs, regions.of_tree(texts), number, later, carried or {})
    texts = {name: regions.replaced(text, bodies, name) if name.endswith(regions.SUFFIXES) else text
             for name, text in texts.items()}
    texts = {name: without_photographs(text) if name.endswith(".md") else text for name, text in texts.items()}
    texts.update(lab_files(root, lab))
    own = {name: regions.replaced(text, {key: "" for key in carried}, name)
           if carried and name.endswith(regions.SUFFIXES) else text for name, text in texts.items()}
    complaints = leaks.find(own, secret, allowed(root))
    if complaints:
        raise Refused("\n".join(complaints))
    return texts


def allowed(root):
    """Returns what labs/allowed-words allows."""
    path = os.path.join(root, "labs", "allowed-words")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        return leaks.read_allowed(file.read())


def write_tree(root, texts, out):
    """Writes the files. Those that are as in `root` keep their time, so that objects can be shared."""
    if os.path.exists(out) and os.listdir(out):
        raise Refused(f"{out} exists and is not empty")
    for name, text in texts.items():
        source, target = os.path.join(root, name), os.path.join(out, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if os.path.exists(source):
            shutil.copymode(source, target)
            with open(source, encoding="utf-8", newline="") as file:
                if file.read() == text:
                    shutil.copystat(source, target)


def main(arguments=None):
    """Runs the command and returns its status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--root", default=os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
    parser.add_argument("--lab", type=int, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--later", action="store_true", help="with the solutions of later labs")
    parser.add_argument("--from", dest="source", help="a student's tree, whose work goes on")
    options = parser.parse_args(arguments)
    try:
        work = carry.read_work(options.source) if options.source else carry.Work()
        texts = make_tree(options.root, options.lab, options.later, work.bodies)
        notes = carry.merge(texts, work)
        write_tree(options.root, texts, options.out)
        carry.write_manifest(options.out, texts, work)
    except (Refused, regions.Malformed, OSError) as error:
        print(f"Nothing was written.\n{error}", file=sys.stderr)
        return 1
    for note in notes:
        print(note)
    print(f"Lab {options.lab} is in {options.out}; begin with its README.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
