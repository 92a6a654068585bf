#!/usr/bin/env python3
"""Writes an archive for Gradescope: `make gradescope N=5`.

It holds this tree, hidden tests and solutions too, and two scripts. setup.sh installs the tools, and builds, once,
when the archive is uploaded. run_autograder grades one submission as another user, in the sandbox where the
machine allows one, and copies results.json to where Gradescope looks for it.
"""

import argparse
import io
import os
import sys
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, folder) for folder in ("tools", "tools/check")]

from lab import course  # noqa: E402  # pylint: disable=wrong-import-position
import tree  # noqa: E402  # pylint: disable=wrong-import-position

# Of tools/tools.list, beside what `make run` needs: the sandbox, and spin with a C library for the models of lab 7.
PROBES = ("bwrap", "spin", "/usr/include/stdio.h")

SETUP = """#!/usr/bin/env bash
# Installs what the grader needs, and builds what all submissions share.
set -euo pipefail
apt-get update
apt-get install -y --no-install-recommends @PACKAGES@
useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin student || true
cd /autograder/source
# Gradescope's archive may lose which files are programs.
chmod +x tools/find-compiler tools/need tools/setup tools/doctor iso/mkiso tools/lab/*.py
make -j"$(nproc)" build/release/kernel.elf build/boot.tar
chmod -R a+rX /autograder/source
"""

RUN = """#!/usr/bin/env bash
# Grades /autograder/submission. What is there is data: nothing of it is executed outside of QEMU. The score is in
# results.json; the status of this script says nothing of it.
set -uo pipefail
cd /autograder/source
mkdir -p /autograder/results /tmp/graded
sandbox=
if ! python3 tools/lab/sandbox.py >/tmp/graded/sandbox 2>&1; then
    # The container is the sandbox then; the submission still is another user's.
    sandbox=--no-sandbox
    cat /tmp/graded/sandbox
fi
python3 tools/lab/one.py --lab @N@ --submission /autograder/submission --results /tmp/graded --again $sandbox
if [ -f /tmp/graded/submission/results.json ]; then
    cp /tmp/graded/submission/results.json /autograder/results/results.json
else
    echo '{"score": 0, "output": "The submission could not be read. Hand in the whole tree, lab/ included."}' \\
        >/autograder/results/results.json
fi
"""


def packages():
    """Returns the packages that the grader needs."""
    found = ["make", "util-linux"]
    with open(os.path.join(ROOT, "tools", "tools.list"), encoding="utf-8") as file:
        for need, probe, package in (line.split()[:3] for line in file if line[0] not in "#\n"):
            if need in ("build", "run") or probe in PROBES:
                found += package.split(",")
    return " ".join(dict.fromkeys(found))


def archive(number):
    """Returns the bytes of the archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in (("setup.sh", SETUP.replace("@PACKAGES@", packages())),
                           ("run_autograder", RUN.replace("@N@", str(number)))):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            out.writestr(entry, text)
        for name in tree.files(ROOT):
            if name.startswith((".github/", ".ci/", "docs/images/", "tests/mutants/", "tests/model/")):
                continue
            out.write(os.path.join(ROOT, name), name)
    return data.getvalue()


def main():
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lab", type=int, required=True)
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    if course.missing(ROOT, options.lab):
        print(course.missing(ROOT, options.lab), file=sys.stderr)
        return 2
    data = archive(options.lab)
    out = options.out or os.path.join(ROOT, "build", "labs", f"gradescope-lab{options.lab}.zip")
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    with open(out, "wb") as file:
        file.write(data)
    print(f"{out}: {len(data)} bytes. Upload it as the autograder of a programming assignment, for 4 CPUs if you can.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
