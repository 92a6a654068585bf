"""Each check of tools/ passes a good tree and fails a bad one."""

import os
import shutil
import subprocess
import sys

import pytest
import next_test_id
from conftest import ROOT


def check(name, root):
    program = os.path.join(ROOT, "tools", "check", f"check_{name}.py")
    done = subprocess.run([sys.executable, program, root],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode in (0, 1, 77), done.stdout
    return done.returncode, done.stdout


def test_only_the_build_directory_of_the_root_is_no_source(tree):
    root = tree({"build/made.c": "int a;\n", "tools/build/kept.c": "int b;\n"})
    status, output = check("files", root)
    assert (status, "made.c" in output, "tools/build/kept.c" in output) == (1, False, True)


LAYERS_GOOD = {
    "lib/list.h": "#pragma once\n",
    "arch/x86_64/cpu/cpu.h": '#include "lib/list.h"\n',
    "mm/frame/frame.h": '#include "arch/x86_64/cpu/cpu.h"\n/* #include "kernel/main.h" */\n',
    "kernel/main.h": '#include "mm/frame/frame.h"\n#include <stdint.h>\n',
    "kernel/main.c": '#include "main.h"\n',
    "user/init.c": '#include "lib/list.h"\n#include "user/call.h"\n',
    "user/call.h": "",
    "arch/x86_64/entry/entry.asm": '%include "offsets.inc"\n',
}


@pytest.mark.parametrize("name, text, wanted", [
    (None, None, None),
    ("lib/list.h", '#include "mm/frame/frame.h"\n', "mm/ lies above lib/"),
    ("lib/list.c", '  #  include "mm/frame/frame.h"\n', "mm/ lies above lib/"),
    ("arch/x86_64/a.asm", '%include "boot/b.inc"\n', "boot/ lies above arch/"),
    ("mm/frame/frame.c", '#include "../../kernel/main.h"\n', "kernel/ lies above mm/"),
    ("mm/frame/frame.c", '#include "user/call.h"\n', "stand apart"),
    ("user/init.c", '#include "mm/frame/frame.h"\n', "stand apart"),
    ("mm/frame/frame.h", '#include "mm/heap/slab.h"\n', "circle: "),
    ("mm/frame/frame.h", '#include "mm/frame/frame.h"\n', "circle: "),
])
def test_layers(tree, name, text, wanted):
    files = dict(LAYERS_GOOD)
    files["boot/b.inc"] = ""
    files["mm/heap/slab.h"] = '#include "mm/frame/frame.h"\n'
    if name:
        files[name] = text
    status, output = check("layers", tree(files))
    assert (status, wanted is None or wanted in output) == (int(wanted is not None), True), output


CIRCLES_GOOD = {
    "mm/heap/slab.h": "#pragma once\n",
    "mm/heap/slab.c": '#include "mm/heap/slab.h"\n#include "mm/heap/slab_internal.h"\n',
    "mm/heap/slab_internal.h": '#include "mm/heap/slab.h"\n',
    "mm/heap/pages.h": '#include "mm/heap/slab.h"\n',
    "mm/heap/pages.c": '#include "mm/heap/pages.h"\n',
    "kernel/task/task.c": '#include "kernel/task/user_thread.h"\n',
    "kernel/task/task.h": "",
    "kernel/task/user_thread.h": '#include "kernel/task/task.h"\n',
}


@pytest.mark.parametrize("name, text, wanted", [
    (None, None, None),
    ("mm/heap/slab.c", '#include "mm/heap/pages.h"\n', "mm/heap/pages, mm/heap/slab"),
    ("mm/heap/slab_internal.h", '#include "mm/heap/pages.h"\n', "mm/heap/pages, mm/heap/slab"),
    ("mm/heap/slab.c", '#include "mm/heap/range.h"\n', "mm/heap/pages, mm/heap/range, mm/heap/slab"),
    ("kernel/task/task.h", '#include "kernel/task/handle.h"\n', "kernel/task/handle, kernel/task/task"),
])
def test_circles(tree, name, text, wanted):
    files = dict(CIRCLES_GOOD)
    files["mm/heap/range.h"] = ""
    files["mm/heap/range.c"] = '#include "mm/heap/pages.h"\n'
    files["kernel/task/handle.h"] = ""
    files["kernel/task/handle.c"] = '#include "kernel/task/task.h"\n'
    if name:
        files[name] = text
    status, output = check("circles", tree(files))
    assert (status, wanted is None or wanted in output) == (int(wanted is not None), True), output


CITED = {
    "mm/stack/stack.c": "/* stack_gone */\nint stack_fault_handle(void) { return 0; }\n",
    "arch/x86_64/entry/entry.asm": "entry_common: ; old_name\n    ret\n",
    "tools/doctor": "check_tool() { :; } # old_name\n",
}


@pytest.mark.parametrize("text, wanted", [
    ("See `mm/stack/stack.c:stack_fault_handle` and `mm/stack/stack.c` and `stack=eager`, `a/b`.", None),
    ("See `mm/stack/stack.c:stack_fault_handle()`, `arch/x86_64/entry/entry.asm:entry_common`.", None),
    ("See `tools/doctor:check_tool`, `build/x/kernel.c`, `build/kernel.map:thing`.", None),
    ("```\n`mm/gone.c:x`\n```\n", None),
    ("See `mm/gone.c:stack_fault_handle`.", "no file mm/gone.c"),
    ("See `gone.c:stack_fault_handle`.", "no file gone.c"),
    ("See `mm/gone.c`.", "no file mm/gone.c"),
    ("See `mm/stack/stack.c:stack_fault`.", "no stack_fault in mm/stack/stack.c"),
    ("See `mm/stack/stack.c:stack_gone`.", "no stack_gone in mm/stack/stack.c"),
    ("See `arch/x86_64/entry/entry.asm:old_name`.", "no old_name"),
    ("See `tools/doctor:old_name`.", "no old_name"),
    ("See `mm/stack/stack.c:17`.", "line numbers rot"),
])
def test_citations(tree, text, wanted):
    for name in ("docs/book.md", "README.md", "CAVEATS", "tests/model/gate.pml"):
        status, output = check("citations", tree(dict(CITED, **{name: text})))
        assert status == int(wanted is not None), output
        assert wanted is None or f"{name}:" in output and wanted in output


@pytest.mark.parametrize("name, text, status", [
    ("a.c", "/* Its purpose. */\nint a;\n", 0), ("a.c", "int a;\n", 1), ("a.c", "", 1),
    ("a.c", "/* */\nint a;\n", 1),
    ("a.h", "#pragma once\n/* x */\n", 1), ("a.asm", "; Its purpose.\n", 0),
    ("a.asm", "bits 64\n", 1), ("a.mk", "# What.\n", 0), ("a.mk", "all:\n", 1),
    ("Makefile", "all:\n", 1), ("a.py", '"""What."""\n', 0),
    ("a.py", '#!/usr/bin/env python3\n"""What."""\n', 0), ("a.py", "import os\n", 1),
    ("tool", "#!/usr/bin/env bash\n# What.\nset -euo pipefail\n", 0),
    ("tool", "#!/usr/bin/env bash\nset -euo pipefail\n", 1), ("tool", "#!/bin/sh\n# What.\n", 1),
    ("tool", "#!/usr/bin/env bash\n# What.\nset -eu\n", 1),
    ("tool", "#!/usr/bin/env python3\nimport os\n", 1), ("data.txt", "anything", 0),
])
def test_files(tree, name, text, status):
    assert check("files", tree({name: text}))[0] == status


def test_long_file_is_warned_about(tree):
    status, output = check("files", tree({"a.c": "/* That. */\n" + "int a;\n" * 401}))
    assert status == 0 and "warning: a.c: 402 lines" in output


TEST_C = '/* x */\nTEST(AAA0001, "one sentence", ALWAYS)\n{\n}\n'
CONDITIONS_H = "TEST_CONDITION(ALWAYS);\n"


@pytest.mark.parametrize("files, wanted", [
    ({}, None),
    ({"docs/a.md": "as AAA0001 shows"}, None),
    ({"docs/a.md": "```\nAAA0009\n```\n"}, None),
    ({"tests/exemptions": "pvh-* AAA000* why\n"}, None),
    ({"tests/b.c": '/* TEST(AAA0001, "not a test", ALWAYS) { */'}, None),
    ({"tests/b.c": 'TEST(AAA0002,\n     "two lines, "\n     "of it",\n     ALWAYS)\n{\n}\n'}, None),
    ({"tests/b.c": 'TEST(AAA0001, "other sentence", ALWAYS)\n{\n}\n'}, "AAA0001 is also in"),
    ({"tests/b.c": 'TEST(AAA0002, "one sentence", ALWAYS)\n{\n}\n'},
     "has the sentence of AAA0001"),
    ({"tests/b.c": 'TEST(AAA0002, "", ALWAYS)\n{\n}\n'}, "no sentence"),
    ({"tests/b.c": 'TEST(AAA0002, "a # SKIP it", ALWAYS)\n{\n}\n'}, "no '#'"),
    ({"tests/b.c": 'TEST(aaa1, "other sentence", ALWAYS)\n{\n}\n'}, "not three capitals"),
    ({"tests/b.c": 'TEST(AAA0002, "other sentence")\n{\n}\n'}, "has no condition ''"),
    ({"tests/b.c": 'TEST(AAA0002, "other sentence", MAYBE)\n{\n}\n'}, "has no condition 'MAYBE'"),
    ({"tests/support/conditions.h": CONDITIONS_H + "TEST_CONDITION(NEVER);\n"},
     "no test has the condition NEVER"),
    ({"tests/host/b.c": 'HOST_TEST(HAA0001, "one, two")\n{\n}\n'}, None),
    ({"tests/host/b.c": 'HOST_TEST(HAA0001, "one, two")\n{\n}\n',
      "docs/a.md": "as HAA0001 shows"}, None),
    ({"tests/host/b.c": 'HOST_TEST(AAA0001, "one, two")\n{\n}\n'}, "AAA0001 is also in"),
    ({"tests/host/b.c": 'HOST_TEST(HAA0001, "one sentence")\n{\n}\n'}, "has the sentence of"),
    ({"tests/host/b.c": 'HOST_TEST("one, two")\n{\n}\n'}, "not three capitals"),
    ({"docs/a.md": "as AAA0009 shows"}, "no test AAA0009"),
    ({"tests/b.c": 'TEST(AAA0002, "other sentence", DEATH)\n{\n}\n',
      "tests/support/conditions.h": CONDITIONS_H + "TEST_CONDITION(DEATH);\n"},
     "no row of tests/matrix.py"),
    ({"tests/b.c": 'TEST(AAA0002, "other sentence", DEATH)\n{\n}\n',
      "tests/support/conditions.h": CONDITIONS_H + "TEST_CONDITION(DEATH);\n",
      "tests/matrix.py": "AAA0002"}, None),
    ({"tests/exemptions": "pvh AAA0009 why\n"}, "no test AAA0009"),
])
def test_test_ids(tree, files, wanted):
    status, output = check("test_ids", tree({"tests/a.c": TEST_C,
                                             "tests/support/conditions.h": CONDITIONS_H, **files}))
    assert status == int(wanted is not None), output
    assert wanted is None or wanted in output


@pytest.mark.skipif(not shutil.which("clang-format"), reason="clang-format is missing")
def test_format(tree):
    root = tree({"a.c": "int a;\n", ".clang-format": "BasedOnStyle: LLVM\n"})
    status, output = check("format", root)
    if status == 77:
        assert "only 14 and 19 are compared" in output
        pytest.skip(output.strip())
    assert status == 0
    status, output = check("format", tree({"b.c": "int   b ;\n"}))
    assert status == 1 and "b.c:1: " in output


@pytest.mark.parametrize("version, status", [("14.0.6", 1), ("19.1.0", 1), ("16.0.6", 77),
                                             ("", 77)])
def test_format_compares_with_two_major_versions_only(tree, tmp_path, monkeypatch, version, status):
    root = tree({"tree/a.c": "int   a ;\n"}) + "/tree"
    tools = tmp_path / "bin"
    tools.mkdir()
    if version:
        for name in ("clang-format-14", "clang-format"):
            fake = tools / name
            fake.write_text(f'#!/bin/sh\ncase $1 in --version) echo "version {version}";;\n'
                            '*) echo "a.c:1:4: error: bad"; exit 1;; esac\n')
            fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    assert check("format", root)[0] == status


@pytest.mark.skipif(not shutil.which("cppcheck"), reason="cppcheck is missing")
def test_cppcheck(tree):
    assert check("cppcheck", tree({"lib/a.c": "int f(int a) { return a; }\n"}))[0] == 0
    bad = "int f(void) { int a[2]; a[0] = 1; return a[2]; }\n"
    status, output = check("cppcheck", tree({"lib/b.c": bad}))
    assert status == 1 and "lib/b.c:1: error" in output


def test_missing_tool_is_a_skip_with_the_package(tree, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    for name in ("cppcheck", "format"):
        status, output = check(name, tree({"lib/a.c": ""}))
        assert status == 77 and "the package" in output


MUTANTS = """
from runner.mutant import INVARIANTS, Mutant
MUTANTS = [Mutant(f"m{key[1:]}", key, TEST, "x", edits=(("mm/a.c", OLD, "b();"),))
           for key in INVARIANTS]
"""


@pytest.mark.parametrize("test, old, wanted", [
    ("STK0001", "a();", None),
    ("STK0002", "a();", "there is no test STK0002"),
    ("STK*", "a();", "not the id of one test"),
    ("STK0001", "c();", "0 times"),
    ("STK0001", "int", "2 times"),
])
def test_mutants(tree, test, old, wanted):
    table = MUTANTS.replace("TEST", repr(test)).replace("OLD", repr(old))
    root = tree({"mm/a.c": "int f(void) { a(); } int g;\n", "tests/mutants/__init__.py": table,
                 "tests/a_test.c": 'TEST(STK0001, "it works", ALWAYS)\n{\n}\n'})
    shutil.copytree(os.path.join(ROOT, "tests", "runner"), os.path.join(root, "tests", "runner"))
    status, output = check("mutants", root)
    assert (status, wanted is None or wanted in output) == (int(wanted is not None), True), output


def test_next_test_ids(tree):
    root = tree({"tests/a_test.c": "".join(f'TEST({test_id}, "it does {test_id}", ALWAYS)\n{{\n}}\n'
                                           for test_id in ("AAA0001", "AAA0007", "AAA0199", "BBB0003")),
                 "tests/host/b_test.c": 'HOST_TEST(AAA0301, "it too")\n{\n}\n'})
    assert [line.split("  ")[0] for line in next_test_id.lines(root, "AAA")] == [
        "AAA0008", "no more after AAA0199 in tests/a_test.c", "AAA0302"]
    assert next_test_id.lines(root, "CCC") == ["CCC0001  the first of CCC"]
